import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AuthenticationType, Client, ClientChannel, ConnectConfig, ParsedKey } from 'ssh2';
import { type Command, command } from '../../shell/command.js';
import { collect, duplex, type Io, type Outcome } from '../../shell/process.js';
import { connectSeconds } from './config-file.js';
import { ChangedHostKey, KeysRefused, UnknownHostKey, Unreachable } from './errors.js';
import { type HostKey, hostKeyOf, sameKey } from './known-hosts.js';
import type { Route } from './route.js';

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

/** For so long, in milliseconds, a machine that could not be reached is not tried again: whoever looks again and
 *  again would see no more of the others than one look in `connectSeconds`. */
const rest = 10_000;

/** A server takes so many commands at once on one connection (MaxSessions in sshd_config, less some for others). */
const commandsAtOnce = 8;

interface Opened {
  readonly client: Client;
  readonly stream: Duplex;
}

interface Line {
  readonly opened: Promise<Opened>;
  busy: number;
}

/** The connection to a machine, made when it is first needed and again after it was lost: for reads. There is one,
 *  but for more commands at once than a server takes on one. */
export class SshSession {
  readonly #lines = new Set<Line>();
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  /** @param gate lets so many handshakes be made at once */
  constructor(
    private readonly access: Access,
    private readonly gate: <T>(work: () => Promise<T>) => Promise<T>,
  ) {}

  /** Runs a line of the machine's login shell. @throws Unreachable also if the connection is lost on the way */
  async exec(text: string, { input, ...io }: Io & { readonly input?: string } = {}): Promise<Outcome> {
    if (this.#failure && Date.now() - this.#failure.at < rest) throw this.#failure.error;
    const line = this.#freeLine();
    line.busy++;
    try {
      const { client } = await line.opened;
      return await this.#run(client, text, input, io);
    } finally {
      line.busy--;
    }
  }

  /** Says goodbye, and waits no longer than a second for a server that does not. */
  close(): void {
    for (const { opened } of this.#lines)
      opened.then(
        (open) => {
          open.client.end();
          setTimeout(() => open.stream.destroy(), 1000).unref();
        },
        () => {},
      );
    this.#lines.clear();
  }

  #run(client: Client, text: string, input: string | undefined, io: Io): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const lost = () => reject(new Unreachable(this.access.name, 'was cut off from here'));
      client.once('close', lost);
      client.exec(text, (error, channel) => {
        if (error) {
          client.off('close', lost);
          reject(new Unreachable(this.access.name, `does not take commands: ${error.message}`));
          return;
        }
        const end = outcomeOf(channel, io);
        end.finally(() => client.off('close', lost)).then(resolve, lost);
        channel.end(input);
      });
    });
  }

  #freeLine(): Line {
    const free = [...this.#lines].find(({ busy }) => busy < commandsAtOnce);
    if (free) return free;
    const line: Line = { opened: this.gate(() => handshake(this.access)), busy: 0 };
    this.#lines.add(line);
    const forget = () => this.#lines.delete(line);
    const fail = (error: unknown) => {
      forget();
      this.#failure = { error, at: Date.now() };
    };
    line.opened.then(({ client }) => client.on('close', forget).on('error', forget), fail);
    return line;
  }
}

function outcomeOf(channel: ClientChannel, io: Io): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const stdout = collect(channel, io.onStdout);
    const stderr = collect(channel.stderr, io.onStderr);
    let end: { code: number | null; signal: string | undefined } | undefined;
    let aborted = false;
    const abort = () => {
      aborted = true;
      channel.close();
    };
    if (io.signal?.aborted) abort();
    io.signal?.addEventListener('abort', abort, { once: true });
    channel.on('exit', (code: number | null, signal?: string) => {
      end = { code, signal };
    });
    channel.on('close', () => {
      io.signal?.removeEventListener('abort', abort);
      // Without an exit code nobody knows how it ended.
      if (!end && !aborted) reject(new Error('no exit code'));
      resolve({ code: end?.code ?? 143, signal: null, stdout: stdout(), stderr: stderr() });
    });
  });
}

async function handshake({ name, route, hostKeys, mend, key }: Access): Promise<Opened> {
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

/** A way to the server's port: straight, or through what ssh itself makes of jumps and proxies. */
function socketTo(route: Route): { stream: Socket } | { stream: Duplex; complaints: Promise<string> } {
  const way = wayThrough(route);
  return way ? duplex(way) : { stream: connect({ host: route.host, port: route.port, noDelay: true }) };
}

function wayThrough({ host, port, user, jump, proxyCommand, config }: Route): Command | null {
  if (jump) {
    const hops = jump.split(',');
    const last = hops.pop() ?? '';
    const before = hops.length > 0 ? ['-J', hops.join(',')] : [];
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const file = config ? ['-F', config] : [];
    return command('ssh', ...file, '-o', 'BatchMode=yes', ...before, '-W', target, ...hopWords(last));
  }
  if (!proxyCommand) return null;
  const tokens: Record<string, string> = { h: host, p: String(port), r: user, n: host, '%': '%' };
  return command(
    'sh',
    '-c',
    `exec ${proxyCommand.replaceAll(/%([hprn%])/g, (_, token) => tokens[token] ?? '')}`,
  );
}

/** `user@host:port` as words for ssh. */
function hopWords(hop: string): string[] {
  const [, before = '', port] = /^(.*?)(?::(\d+))?$/.exec(hop) ?? [];
  return [...(port ? ['-p', port] : []), '--', before.replace(/\[(.*)\]$/, '$1')];
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
