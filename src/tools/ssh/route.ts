import { type Command, command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { type Address, parseAddress } from './address.js';

/** How OpenSSH reaches a machine, by the user's own configuration. Paths are absolute. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private keys that may be tried; not all need to be there. */
  readonly identityFiles: readonly string[];
  readonly certificateFiles: readonly string[];
  /** Socket of the agent at this moment; null: none. */
  readonly agent: string | null;
  /** The agent as the user's configuration names it: a path, `none`, or the variable (`SSH_AUTH_SOCK`, `$NAME`) that has
   *  its path whenever it is used. Left out: it names none, and it is the one of SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
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

/** Whose way it is. */
export interface Caller {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** A configuration to read in the place of the user's own; null: that one. */
  readonly config: string | null;
}

/** The way to an address as it is at this moment: another network, login or configuration has another one.
 *  @throws CommandFailed if ssh does not say */
export async function routeOf(
  executor: Pick<Executor, 'read'>,
  address: string,
  jump: string | null,
  caller: Caller,
): Promise<Route> {
  return parseRoute(await executor.read(resolveRoute(address, jump, caller.config)), caller);
}

/** Reads what `ssh -G` printed. */
export function parseRoute(text: string, { home, env, config }: Caller): Route {
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
    ...(one('identityagent') !== '' && { identityAgent: agentAsNamed(one('identityagent'), path) }),
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

const agentAsNamed = (said: string, path: (given: string) => string): string =>
  said === 'none' || said === 'SSH_AUTH_SOCK' || said.startsWith('$') ? said : path(said);
