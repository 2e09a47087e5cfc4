import { UserError } from '../errors.js';
import { type Command, renderCommand } from './command.js';
import { type Journal, withoutLongText } from './journal.js';
import { type Limits, ofReads } from './limits.js';
import { type Io, type Outcome, perform } from './process.js';

/** A command that a person can see failed: its line, how it ended, the end of what it said. */
export class CommandFailed extends UserError {
  /** As it is printed. */
  readonly line: string;

  constructor(
    readonly command: Command,
    readonly outcome: Outcome,
    suggestions: readonly string[] = [],
  ) {
    const line = renderCommand(withoutLongText(command));
    const said = outcome.stderr.trim() || outcome.stdout.trim();
    const room = said.includes('No space left on device') ? ['df -h', 'docker system prune'] : [];
    const message = `This command ${howItEnded(outcome)}:\n  ${line}${said ? `\n${indent(lastLines(said))}` : ''}`;
    super(message, [...suggestions, ...room]);
    this.line = line;
  }
}

function howItEnded({ kind, code, signal, beyond }: Outcome): string {
  switch (kind) {
    case 'timeout':
      return `did not end ${beyond}, and was ended`;
    case 'too-much':
      return `wrote ${beyond}, and was ended`;
    default:
      return signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  }
}

/** Twenty lines, of which none is endless. */
const lastLines = (text: string) => text.slice(-8000).split('\n').slice(-20).join('\n');
const indent = (text: string) => text.replaceAll(/^/gm, '  ');

/** Ctrl-C, or what else ends us: no change is begun any more. */
export class Interrupted extends UserError {}

/** The one door to the outside. Changes are journalled, then performed; reads are performed silently. */
export class Executor {
  constructor(
    readonly journal: Journal,
    /** With a dry run changes are journalled only. Reads happen all the same. */
    readonly dryRun = false,
    /** Ends changes at work with SIGTERM when it fires. After it none begins. */
    private readonly interrupt?: AbortSignal,
  ) {}

  /** Journals the command and performs it.
   *  @throws CommandFailed if it ends with anything but 0, or breaks a limit; Interrupted */
  async change(command: Command, io: Io = {}): Promise<Outcome> {
    const outcome = await this.attempt(command, io);
    if (outcome.code !== 0) throw new CommandFailed(command, outcome);
    return outcome;
  }

  /** Journals the command and performs it; how it ended is the caller's to judge. It may take as long as it likes, unless
   *  `io` has a limit.
   *  @throws Interrupted if it may not begin */
  async attempt(command: Command, io: Io = {}): Promise<Outcome> {
    if (this.interrupt?.aborted) throw new Interrupted('Interrupted.');
    this.journal.issue(command);
    if (this.dryRun) return { kind: 'exited', code: 0, signal: null, stdout: '', stderr: '' };
    return this.#perform(command, this.interrupt ? { signal: this.interrupt, ...io } : io);
  }

  /** Performs a command that changes nothing, without a line in the journal, within the limits of reads or those of `io`. */
  async query(command: Command, io: Io = {}): Promise<Outcome> {
    return this.#perform(command, { ...ofReads, ...io });
  }

  /** The standard output of a command that changes nothing, without its last line break.
   *  @throws CommandFailed if it ends with anything but 0, or breaks a limit */
  async read(command: Command, limits: Limits = {}): Promise<string> {
    const outcome = await this.query(command, limits);
    if (outcome.code !== 0) throw new CommandFailed(command, outcome);
    return outcome.stdout.replace(/\n$/, '');
  }

  async #perform(command: Command, io: Io): Promise<Outcome> {
    const outcome = await perform(command, io);
    if (byCtrlC.has(outcome.code) && this.interrupt && !io.apart) await fired(this.interrupt, momentMs);
    return outcome;
  }
}

/** A terminal's Ctrl-C goes to us and to the programs that we have started, and the end of one of them may reach us first.
 *  After so many milliseconds that end is its own affair. */
const momentMs = 200;

/** What programs end with that Ctrl-C has ended: by the signal, and, with a code of their own, rsync and ssh. */
const byCtrlC: ReadonlySet<number> = new Set([130, 20, 255]);

/** Waits until the signal has fired, or for so many milliseconds. */
async function fired(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
}
