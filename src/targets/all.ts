// Every target, by name, loaded at first use. A new target is a folder and a line here.
export const aws = async () => (await import('./aws/aws.js')).AwsTarget;
export const hosts = async () => (await import('./hosts/hosts.js')).HostsTarget;
export const local = async () => (await import('./local/local.js')).LocalTarget;
