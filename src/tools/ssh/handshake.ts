import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuthenticationType, Client, ConnectConfig, ParsedKey } from 'ssh2';
import { ownLine, type Suggestion } from '../../errors.js';
import { connectSeconds } from './config-file.js';
import { handshakeTries, inTurn, pauseAfter, turnedAway } from './gate.js';
import { type HandshakeError, reasonOf } from './handshake-error.js';
import { type HostKey, hostKeyOf, sameKey } from './known-hosts.js';
import type { Route } from './route.js';
import { socketTo } from './socket.js';
import { ChangedHostKey, HungUp, UnknownHostKey } from './unreachable.js';

/** How a session is made. */
export interface Access {
  /** What a person calls the machine. */
  readonly name: string;
  readonly route: Route;
  /** The machine's host keys, and what to do where it shows another one. */
  readonly hostKeys: readonly HostKey[];
  readonly mend: readonly Suggestion[];
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
    throw new UnknownHostKey(name, 'has no host key that is known here', [ownLine('deploy')]);
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

/** @throws Unreachable, after some tries where the other side hangs up before it has said who it is */
async function open(name: string, route: Route, config: ConnectConfig): Promise<Opened> {
  for (let tries = 1; ; tries++) {
    try {
      return await inTurn(route, () => openOnce(name, route, config));
    } catch (error) {
      if (!(error instanceof HungUp) || tries === handshakeTries) throw error;
      turnedAway(route);
      await sleep(pauseAfter(tries, Math.random()));
    }
  }
}

async function openOnce(name: string, route: Route, config: ConnectConfig): Promise<Opened> {
  const ssh2 = await import('ssh2');
  const client = new ssh2.default.Client();
  const { stream, complaints = Promise.resolve('') } = socketTo(route);
  return new Promise((resolve, reject) => {
    let isSettled = false;
    let isGreeted = false;
    const fail = async (error: HandshakeError) => {
      if (isSettled) return;
      isSettled = true;
      client.end();
      stream.destroy();
      // What stands on the way says why when it ends, which may be a moment later.
      const said = await Promise.race([complaints, sleep(complaintTime, '', { ref: false })]);
      reject(reasonOf(name, route, error, { isGreeted, said }));
    };
    client.once('handshake', () => {
      isGreeted = true;
    });
    client.once('ready', () => {
      isSettled = true;
      resolve({ client, stream });
    });
    // There may be more, of our hanging up or later: whoever waits for an answer hears that it has closed.
    client.on('error', fail);
    client.once('close', () =>
      fail(Object.assign(new Error('the connection was closed'), { code: 'ECLOSED' })),
    );
    stream.on('error', fail);
    client.connect({
      ...config,
      sock: stream,
      readyTimeout: connectSeconds * 1000,
      keepaliveInterval: 5000,
      keepaliveCountMax: 3,
    });
  });
}

/** Milliseconds for a proxy to say why. */
const complaintTime = 1000;

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
