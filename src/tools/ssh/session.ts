import type { Outcome } from '../../shell/process.js';
import { type Asked, CommandRefused, performOn } from './channel.js';
import { type Access, handshake, type Opened } from './handshake.js';
import { NoSession, Unreachable } from './unreachable.js';

/** Back-off after a failed connection, in milliseconds. Without it a poll every 500 ms would wait `connectSeconds` for
 * this machine each time. */
const rest = 10_000;

/** The most concurrent commands on one connection (MaxSessions in sshd_config, less some for others). */
const commandsAtOnce = 8;

interface Line {
  readonly opened: Promise<Opened>;
  busy: number;
  /** The server does not close a command's channel: the connection gets no new commands, and is closed after the last
   * one. */
  isStuck: boolean;
}

/** The connection to a machine for reads, opened at first use and again after it was lost. A second one is opened only
 * for more concurrent commands than a server allows on one. */
export class SshSession {
  readonly #lines = new Set<Line>();
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(private readonly access: Access) {}

  /** Runs a line of the machine's login shell, until it ends or exceeds a limit. @throws NoSession; Unreachable, also
   * if the connection is lost meanwhile */
  async exec(text: string, asked: Asked = {}): Promise<Outcome> {
    if (this.#failure && Date.now() - this.#failure.at < rest) throw this.#failure.error;
    const line = this.#freeLine();
    line.busy++;
    try {
      const { client } = await line.opened;
      return await performOn(client, text, asked, (isGone) => void this.#giveUp(line, isGone));
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      // OpenSSH, with one command per connection, may still be accepted.
      const kind = error instanceof CommandRefused ? NoSession : Unreachable;
      throw new kind(this.access.name, (error as Error).message);
    } finally {
      line.busy--;
      if (line.isStuck) this.#dropIdle(line);
    }
  }

  close(): void {
    for (const line of this.#lines) hangUp(line);
    this.#lines.clear();
  }

  async #giveUp(line: Line, isGone: Promise<boolean>): Promise<void> {
    if (await isGone) return;
    line.isStuck = true;
    this.#dropIdle(line);
  }

  #dropIdle(line: Line): void {
    if (line.busy > 0 || !this.#lines.delete(line)) return;
    hangUp(line);
  }

  #freeLine(): Line {
    const free = [...this.#lines].find(({ busy, isStuck }) => busy < commandsAtOnce && !isStuck);
    if (free) return free;
    const line: Line = { opened: handshake(this.access), busy: 0, isStuck: false };
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

/** Closes the connection, and waits at most a second for the server. */
function hangUp({ opened }: Line): void {
  opened.then(
    (open) => {
      open.client.end();
      setTimeout(() => open.stream.destroy(), 1000).unref();
    },
    () => {},
  );
}
