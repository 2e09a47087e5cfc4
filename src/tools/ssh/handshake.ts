import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { AuthenticationType, Client, ConnectConfig, ParsedKey } from 'ssh2';
import { connectSeconds } from './config-file.js';
import { ChangedHostKey, KeysRefused, UnknownHostKey, Unreachable } from './errors.js';
import { type HostKey, hostKeyOf, sameKey } from './known-hosts.js';
import type { Route } from './route.js';
import { socketTo } from './socket.js';

/** How a session is made. */
export interface Access {
  /** What a person calls the machine. */
  readonly name: string;
  readonly route: Route;
  /** The machine's host keys, and what to do where it shows another one. */
  readonly hostKeys: readonly HostKey[];
  readonly mend: readonly string[];
  /** A key to try beside those of the route; null: none. */
  readonly key: string | null;
}

export interface Opened {
  readonly client: Client;
  readonly stream: Duplex;
}

/** A connection to the machine and to no other. @throws UnknownHostKey, ChangedHostKey, KeysRefused, Unreachable */
export async function handshake({ name, route, hostKeys, mend, key }: Access): Promise<Opened> {
  if (hostKeys.length === 0)
    throw new UnknownHostKey(name, 'has no host key that is known here', ['logistician deploy']);
  const ssh2 = await import('ssh2');
  let refused: HostKey | undefined;
  return open(name, route, {
    username: route.user,
    authHandler: ways(ssh2.default, route, key),
    algorithms: { serverHostKey: [...new Set(hostKeys.flatMap(({ type }) => signaturesOf(type)))] as never },
    hostVerifier: (blob: Buffer) => {
      const shown = hostKeyOf(blob);
      if (hostKeys.some((known) => sameKey(known, shown))) return true;
      refused = shown;
      return false;
    },
  }).catch((error: Error) => {
    if (refused || /no matching host key/.test(error.message)) {
      throw new ChangedHostKey(
        name,
        'shows another host key than the one that is known: it was set up anew, or somebody stands in its place. Nothing was sent to it',
        mend,
      );
    }
    throw error;
  });
}

/** The host key that a server shows. Nothing is sent to it but what a handshake needs. @throws Unreachable */
export async function askHostKey(name: string, route: Route, types: readonly string[]): Promise<HostKey> {
  let shown: HostKey | undefined;
  try {
    const { client } = await open(name, route, {
      username: route.user,
      ...(types.length > 0 && { algorithms: { serverHostKey: types.flatMap(signaturesOf) as never } }),
      hostVerifier: (blob: Buffer) => {
        shown = hostKeyOf(blob);
        return false;
      },
    });
    client.end();
  } catch (error) {
    if (!shown) throw error;
  }
  return shown as HostKey;
}

/** What a server signs with that has such a host key: RSA's name is of the key and of the oldest way (RFC 8332). */
const signaturesOf = (type: string): string[] =>
  type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type];

async function open(name: string, route: Route, config: ConnectConfig): Promise<Opened> {
  const ssh2 = await import('ssh2');
  const client = new ssh2.default.Client();
  const sock = socketTo(route);
  return new Promise((resolve, reject) => {
    let said = '';
    if ('complaints' in sock)
      sock.complaints.then(
        (text) => (said = text),
        () => {},
      );
    const fail = (error: Error & { level?: string; code?: string }) => {
      client.end();
      sock.stream.destroy();
      reject(reasonOf(name, route, error, said));
    };
    client.once('ready', () => {
      client.off('error', fail);
      resolve({ client, stream: sock.stream });
    });
    client.once('error', fail);
    // There may be more, of our hanging up or later: whoever waits for an answer hears that it has closed.
    client.on('error', () => {});
    client.once('close', () =>
      fail(Object.assign(new Error('the connection was closed'), { code: 'ECLOSED' })),
    );
    sock.stream.on('error', fail);
    client.connect({
      ...config,
      sock: sock.stream,
      readyTimeout: connectSeconds * 1000,
      keepaliveInterval: 5000,
      keepaliveCountMax: 3,
    });
  });
}

/** Keys to try, in OpenSSH's order: the agent's, then those in files. What has a passphrase only an agent can use. */
function ways(
  { utils }: Pick<typeof import('ssh2'), 'utils'>,
  route: Route,
  key: string | null,
): AuthenticationType[] {
  const username = route.user;
  const files = [...route.identityFiles, ...(key ? [key] : [])].filter((file) => existsSync(file));
  const keys = files.flatMap((file): ParsedKey[] => {
    const parsed = utils.parseKey(readFileSync(file));
    return parsed instanceof Error ? [] : [parsed];
  });
  return [
    ...(route.agent && !route.identitiesOnly
      ? [{ type: 'agent' as const, username, agent: route.agent }]
      : []),
    ...keys.map((one) => ({ type: 'publickey' as const, username, key: one })),
  ] as unknown as AuthenticationType[];
}

function reasonOf(
  name: string,
  route: Route,
  error: Error & { level?: string; code?: string },
  said: string,
): Error {
  const place = `${route.host}:${route.port}`;
  const last = said.trim().split('\n').at(-1);
  const through = route.jump ?? route.proxyCommand;
  if (through && (last || error.code === 'ECLOSED'))
    return new Unreachable(name, `cannot be reached through ${through}${last ? `: ${last}` : ''}`);
  if (error.level === 'client-authentication')
    return new KeysRefused(name, `refuses our keys for user ${route.user}`, [
      `ssh-copy-id -i ~/.logistician/ssh-key.pub ${route.port === 22 ? '' : `-p ${route.port} `}${route.user}@${route.host}`,
    ]);
  if (error.level === 'client-timeout' || error.code === 'ETIMEDOUT')
    return new Unreachable(name, `did not answer at ${place} within ${connectSeconds} s`);
  switch (error.code) {
    case 'ECONNREFUSED':
      return new Unreachable(name, `refuses connections at ${place}: is its SSH server running?`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Unreachable(name, `cannot be found: there is no address for the name ${route.host}`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Unreachable(name, `has no route from here to ${place}`);
    default:
      return new Unreachable(name, `broke off at ${place}: ${error.message}`);
  }
}
