import type { Client, ClientChannel } from 'ssh2';
import { collect, type Io, type Outcome } from '../../shell/process.js';
import { Unreachable } from './errors.js';
import { type Access, handshake, type Opened } from './handshake.js';

/** For so long, in milliseconds, a machine that could not be reached is not tried again: whoever looks again and
 *  again would see no more of the others than one look in `connectSeconds`. */
const rest = 10_000;

/** A server takes so many commands at once on one connection (MaxSessions in sshd_config, less some for others). */
const commandsAtOnce = 8;

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
    const abort = () => {
      // The machine says goodbye once what runs there has ended, which may be never.
      channel.close();
      resolve({ code: 143, signal: null, stdout: stdout(), stderr: stderr() });
    };
    if (io.signal?.aborted) abort();
    io.signal?.addEventListener('abort', abort, { once: true });
    channel.on('exit', (code: number | null, signal?: string) => {
      end = { code, signal };
    });
    channel.on('close', () => {
      io.signal?.removeEventListener('abort', abort);
      // Without an exit code nobody knows how it ended.
      if (!end) reject(new Error('no exit code'));
      resolve({ code: end?.code ?? 143, signal: null, stdout: stdout(), stderr: stderr() });
    });
  });
}
