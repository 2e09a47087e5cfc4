import { AwsRefused } from './refusals.js';

/** The proxy through which a URL is asked for; null: none. The variables are read as the AWS CLI and Terraform read them:
 * `https_proxy`, `http_proxy` and `no_proxy`, in small letters or capitals; `all_proxy` counts for neither.
 * @throws AwsRefused if its address is none */
export function proxyFor({ protocol, hostname, port }: URL, env: NodeJS.ProcessEnv): URL | null {
  const name = `${protocol.slice(0, -1)}_proxy`;
  const said = variable(env, name);
  if (!said || isExempt(hostname, port, variable(env, 'no_proxy'))) return null;
  try {
    const proxy = new URL(/^\w+:\/\//.test(said) ? said : `http://${said}`);
    if (/^https?:$/.test(proxy.protocol) && proxy.hostname !== '') return proxy;
  } catch {
    // Told below, without the value: it may have a password in it.
  }
  throw new AwsRefused(`The proxy in the variable ${name} is no address of an HTTP proxy.`, 'BadProxy', [
    `export ${env[name] ? name : name.toUpperCase()}=http://proxy.example.org:3128`,
  ]);
}

const variable = (env: NodeJS.ProcessEnv, name: string): string => env[name] || env[name.toUpperCase()] || '';

/** @param list names or addresses, with a port or without; what ends in a dot and such a name is exempt as well */
const isExempt = (hostname: string, port: string, list: string): boolean =>
  list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      const [, name = '', only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (only !== undefined && only !== port) return false;
      return entry === '*' || hostname === name || hostname.endsWith(`.${name}`);
    });
