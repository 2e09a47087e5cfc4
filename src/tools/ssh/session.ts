import type { Outcome } from '../../shell/process.js';
import { type Asked, performOn } from './channel.js';
import { type Access, handshake, type Opened } from './handshake.js';
import { Unreachable } from './unreachable.js';

/** For so long, in milliseconds, a machine that could not be reached is not tried again: whoever looks again and
 *  again would see no more of the others than one look in `connectSeconds`. */
const rest = 10_000;

/** A server takes so many commands at once on one connection (MaxSessions in sshd_config, less some for others). */
const commandsAtOnce = 8;

interface Line {
  readonly opened: Promise<Opened>;
  busy: number;
  /** The server does not let go of a command: it takes no more, and goes with the last of them. */
  isStuck: boolean;
}

/** The connection to a machine, made when it is first needed and again after it was lost: for reads. There is one,
 *  but for more commands at once than a server takes on one. */
export class SshSession {
  readonly #lines = new Set<Line>();
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(private readonly access: Access) {}

  /** Runs a line of the machine's login shell, until it ends or breaks a limit.
   *  @throws Unreachable also if the connection is lost on the way */
  async exec(text: string, asked: Asked = {}): Promise<Outcome> {
    if (this.#failure && Date.now() - this.#failure.at < rest) throw this.#failure.error;
    const line = this.#freeLine();
    line.busy++;
    try {
      const { client } = await line.opened;
      return await performOn(client, text, asked, (isGone) => void this.#giveUp(line, isGone));
    } catch (error) {
      throw error instanceof Unreachable
        ? error
        : new Unreachable(this.access.name, (error as Error).message);
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

/** Says goodbye, and waits no longer than a second for a server that does not. */
function hangUp({ opened }: Line): void {
  opened.then(
    (open) => {
      open.client.end();
      setTimeout(() => open.stream.destroy(), 1000).unref();
    },
    () => {},
  );
}
