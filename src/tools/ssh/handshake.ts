import { readFileSync, statSync } from 'node:fs';
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
import { ChangedHostKey, HungUp, KeysRefused, NoSession, UnknownHostKey } from './unreachable.js';

/** The settings of a session. */
export interface Access {
  /** The machine's name, for users. */
  readonly name: string;
  readonly route: Route;
  /** The machine's host keys, and the remedy if it shows another one. */
  readonly hostKeys: readonly HostKey[];
  readonly mend: readonly Suggestion[];
  /** A key to try in addition to those of the route; null: none. */
  readonly key: string | null;
}

export interface Opened {
  readonly client: Client;
  readonly stream: Duplex;
}

/** A connection to the machine, with a verified host key. @throws UnknownHostKey, ChangedHostKey, NoSession,
 * Unreachable */
export async function handshake({ name, route, hostKeys, mend, key }: Access): Promise<Opened> {
  if (hostKeys.length === 0)
    throw new UnknownHostKey(name, 'has no known host key here', [ownLine('deploy')]);
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
        'shows another host key than the known one: it was reinstalled, or another machine poses as it. Nothing was sent to it',
        mend,
      );
    }
    if (error instanceof KeysRefused && key === null)
      throw new KeysRefused(name, error.why, [
        'logistician setup    # creates that key',
        ...error.suggestions,
      ]);
    throw error;
  });
}

/** The host key of a server, from a handshake without authentication. @throws NoSession, Unreachable */
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

/** The signature algorithms of a host key of this type: for RSA, the name of the key is only the oldest of them (RFC
 * 8332). */
export const signaturesOf = (type: string): string[] =>
  type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type];

/** @throws Unreachable; retries if the other side hangs up before it identifies itself */
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
      // A jump or proxy command prints the reason when it ends, which may be a moment later.
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
    // Later errors, such as those of closing, are ignored: pending requests are rejected on close. After an error of
    // the agent the next key is tried.
    client.on('error', (error: HandshakeError) => {
      if (error.level !== 'agent') void fail(error);
    });
    client.once('close', () =>
      fail(Object.assign(new Error('the connection was closed'), { code: 'ECLOSED' })),
    );
    stream.on('error', fail);
    try {
      client.connect({
        ...config,
        sock: stream,
        readyTimeout: connectSeconds * 1000,
        keepaliveInterval: 5000,
        keepaliveCountMax: 3,
      });
    } catch (error) {
      // The library does not support such host keys.
      isSettled = true;
      stream.destroy();
      reject(new NoSession(name, `broke off: ${(error as Error).message}`));
    }
  });
}

/** How long to wait for a proxy's reason, in milliseconds. */
const complaintTime = 1000;

/** Keys to try, in OpenSSH's order: the agent's, then those in files. Keys with a passphrase work only through an
 * agent; unreadable ones are skipped, as ssh does. */
function ways(
  { utils }: Pick<typeof import('ssh2'), 'utils'>,
  route: Route,
  key: string | null,
): AuthenticationType[] {
  const username = route.user;
  const keys = [...route.identityFiles, ...(key ? [key] : [])].flatMap((file): ParsedKey[] => {
    const parsed = utils.parseKey(textOf(file));
    return parsed instanceof Error ? [] : [parsed];
  });
  return [
    ...(route.agent && !route.identitiesOnly
      ? [{ type: 'agent' as const, username, agent: route.agent }]
      : []),
    ...keys.map((one) => ({ type: 'publickey' as const, username, key: one })),
  ] as unknown as AuthenticationType[];
}

/** '' if it is not a file, or cannot be read. */
function textOf(file: string): string {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}
