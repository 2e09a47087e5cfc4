// Every target, under its name. A new one is a folder and a line here.
export { AwsTarget as aws } from './aws/aws.js';
export { HostsTarget as hosts } from './hosts/hosts.js';
export { LocalTarget as local } from './local/local.js';
