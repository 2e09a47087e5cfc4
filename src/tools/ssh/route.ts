import { type Command, command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { type Address, parseAddress } from './address.js';
import { escaped, expanded, pathTokens } from './tokens.js';

/** How OpenSSH reaches a machine, by the user's own configuration. Paths are absolute. */
export interface Route {
  /** The address as typed, which ssh_config matches: `%n`. */
  readonly typed: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private keys to try; some may not exist. */
  readonly identityFiles: readonly string[];
  readonly certificateFiles: readonly string[];
  /** The agent's present socket; null: none. */
  readonly agent: string | null;
  /** The agent in the user's configuration: a path, `none`, or the variable (`SSH_AUTH_SOCK`, `$NAME`) with its path.
   * Default: not configured, so SSH_AUTH_SOCK is used. */
  readonly identityAgent?: string;
  /** Only keys of `identityFiles`, also from the agent. */
  readonly identitiesOnly: boolean;
  /** Jump hosts, in the format of `ssh -J`; null: none. */
  readonly jump: string | null;
  /** A program that makes the connection; null: none. */
  readonly proxyCommand: string | null;
  /** Files with host keys, and the machine's name in them. */
  readonly knownHosts: readonly string[];
  readonly knownAs: string;
  /** Whether there are settings that only ssh supports. Default: false. */
  readonly needsSsh?: boolean;
  /** Whether ssh also looks up host keys elsewhere than in files. Default: false. */
  readonly asksForKeys?: boolean;
  /** The ssh_config, if it is not the one that ssh reads by default; null: the default. */
  readonly config: string | null;
}

/** Prints how ssh would reach the address. @param config an ssh_config to use instead of the user's own */
export function resolveRoute(address: string, jump: string | null, config: string | null): Command {
  const { user, host, port } = parseAddress(address);
  return command(
    ...['ssh', '-G', ...(config ? ['-F', config] : [])],
    ...[...(user ? ['-l', user] : []), ...(port ? ['-p', String(port)] : [])],
    ...[...(jump ? ['-J', jump] : []), '--', host],
  );
}

/** Opens the machine with the user's own configuration, with a command that changes nothing.
 * @param config an ssh_config to use instead of the user's own */
export function byHand(address: string, jump: string | null, config: string | null): Command {
  const { user, host, port } = parseAddress(address);
  return command(
    ...['ssh', ...(config ? ['-F', config] : []), ...(jump ? ['-J', jump] : [])],
    ...[...(port ? ['-p', String(port)] : []), user ? `${user}@${host}` : host, 'true'],
  );
}

/** The user whose configuration applies. */
export interface Caller {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** An ssh_config to use instead of the user's own; null: the user's own. */
  readonly config: string | null;
}

/** The present route to an address: it may change with the network, the login or the configuration. @throws
 * CommandFailed if `ssh -G` fails */
export async function routeOf(
  executor: Pick<Executor, 'read'>,
  address: string,
  jump: string | null,
  caller: Caller,
): Promise<Route> {
  return parseRoute(await executor.read(resolveRoute(address, jump, caller.config)), address, caller);
}

/** Parses the output of `ssh -G` for an address. */
export function parseRoute(text: string, address: string, { home, env, config }: Caller): Route {
  const said = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    said.set(key, [...(said.get(key) ?? []), value]);
  }
  const one = (key: string) => said.get(key)?.[0] ?? '';
  const unlessNone = (key: string) => (one(key) === 'none' || one(key) === '' ? null : one(key));
  const [host, port, user] = [one('hostname'), Number(one('port')) || 22, one('user')];
  const typed = parseAddress(address).host;
  const tokens = pathTokens({ host, port, user, typed }, unlessNone('hostkeyalias'), home);
  const path = (given: string) =>
    expanded(
      given.replace(/^~(?=\/|$)/, () => escaped(home)),
      tokens,
    ).replaceAll(/\$\{(\w+)\}/g, (sign, name: string) => env[name] ?? sign);
  const files = (key: string) => (said.get(key) ?? []).filter((file) => file !== 'none').map(path);
  return {
    typed,
    host,
    port,
    user,
    identityFiles: files('identityfile'),
    certificateFiles: files('certificatefile'),
    agent: agentOf(one('identityagent'), path, env),
    ...(one('identityagent') !== '' && { identityAgent: agentAsNamed(one('identityagent'), path) }),
    identitiesOnly: one('identitiesonly') === 'yes',
    jump: unlessNone('proxyjump'),
    proxyCommand: unlessNone('proxycommand'),
    knownHosts: ['userknownhostsfile', 'globalknownhostsfile'].flatMap((key) => listed(one(key)).map(path)),
    knownAs: unlessNone('hostkeyalias') ?? knownName({ host, port }),
    needsSsh:
      ['bindaddress', 'bindinterface'].some((key) => unlessNone(key) !== null) ||
      /^inet6?$/.test(one('addressfamily')) ||
      isYes(one('proxyusefdpass')),
    asksForKeys: unlessNone('knownhostscommand') !== null || isYes(one('verifyhostkeydns')),
    config,
  };
}

/** The paths of a list. ssh prints them without the quotes around one that has blanks: a word that does not begin like a
 * path is part of the one before. */
const listed = (said: string): string[] =>
  said.split(/ +(?=[/~%$])/).filter((file) => file !== '' && file !== 'none');

/** ssh prints some booleans as in the file, and others normalised. */
const isYes = (said: string): boolean => said === 'yes' || said === 'true';

/** The name of a server in known_hosts. */
export const knownName = ({ host, port }: Pick<Address, 'host'> & { port: number }): string =>
  port === 22 ? host : `[${host}]:${port}`;

function agentOf(said: string, path: (given: string) => string, env: NodeJS.ProcessEnv): string | null {
  if (said === 'none') return null;
  if (said === '' || said === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || null;
  return said.startsWith('$') ? env[said.replace(/[${}]/g, '')] || null : path(said);
}

const agentAsNamed = (said: string, path: (given: string) => string): string =>
  said === 'none' || said === 'SSH_AUTH_SOCK' || said.startsWith('$') ? said : path(said);
