import { type Command, command } from '../../shell/command.js';
import { type Address, parseAddress } from './address.js';

/** How OpenSSH reaches a machine, by the user's own configuration. Paths are absolute. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private keys that may be tried; not all need to be there. */
  readonly identityFiles: readonly string[];
  readonly certificateFiles: readonly string[];
  /** Socket of the agent; null: none. */
  readonly agent: string | null;
  /** Only keys of `identityFiles`, also from the agent. */
  readonly identitiesOnly: boolean;
  /** Machines on the way, as `ssh -J` takes them; null: none. */
  readonly jump: string | null;
  /** A program that makes the connection; null: none. */
  readonly proxyCommand: string | null;
  /** Files with host keys, and the name that the machine has in them. */
  readonly knownHosts: readonly string[];
  readonly knownAs: string;
  /** The configuration that says so, where it is not the one that ssh reads by itself; null: that one. */
  readonly config: string | null;
}

/** Prints how ssh would reach the address. @param config a configuration to read in the place of the user's own */
export function resolveRoute(address: string, jump: string | null, config: string | null): Command {
  const { user, host, port } = parseAddress(address);
  return command(
    ...['ssh', '-G', ...(config ? ['-F', config] : [])],
    ...[...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])],
    ...[...(jump ? ['-J', jump] : []), '--', host],
  );
}

/** Opens the machine as a person would, by their own configuration. */
export function openByHand(address: string, jump: string | null, config: string | null): Command {
  const { user, host, port } = parseAddress(address);
  return command(
    ...['ssh', ...(config ? ['-F', config] : []), ...(jump ? ['-J', jump] : [])],
    ...[...(port ? ['-p', String(port)] : []), user ? `${user}@${host}` : host, 'true'],
  );
}

/** Reads what `ssh -G` printed. */
export function parseRoute(
  text: string,
  { home, env, config }: { home: string; env: NodeJS.ProcessEnv; config: string | null },
): Route {
  const said = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    said.set(key, [...(said.get(key) ?? []), value]);
  }
  const one = (key: string) => said.get(key)?.[0] ?? '';
  const unlessNone = (key: string) => (one(key) === 'none' || one(key) === '' ? null : one(key));
  const path = (given: string) => given.replace(/^~(?=\/|$)|%[d%]/g, (sign) => (sign === '%%' ? '%' : home));
  const files = (key: string) => (said.get(key) ?? []).filter((file) => file !== 'none').map(path);
  const [host, port] = [one('hostname'), Number(one('port')) || 22];
  return {
    host,
    port,
    user: one('user'),
    identityFiles: files('identityfile'),
    certificateFiles: files('certificatefile'),
    agent: agentOf(one('identityagent'), path, env),
    identitiesOnly: one('identitiesonly') === 'yes',
    jump: unlessNone('proxyjump'),
    proxyCommand: unlessNone('proxycommand'),
    knownHosts: ['userknownhostsfile', 'globalknownhostsfile'].flatMap((key) =>
      one(key)
        .split(' ')
        .filter((file) => file && file !== 'none')
        .map(path),
    ),
    knownAs: unlessNone('hostkeyalias') ?? knownName({ host, port }),
    config,
  };
}

/** What known_hosts calls a server. */
export const knownName = ({ host, port }: Pick<Address, 'host'> & { port: number }): string =>
  port === 22 ? host : `[${host}]:${port}`;

function agentOf(said: string, path: (given: string) => string, env: NodeJS.ProcessEnv): string | null {
  if (said === 'none') return null;
  if (said === '' || said === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || null;
  return said.startsWith('$') ? env[said.replace(/[${}]/g, '')] || null : path(said);
}
