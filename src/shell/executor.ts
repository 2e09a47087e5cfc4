import { stripVTControlCharacters } from 'node:util';
import { linesForRoom, UserError } from '../errors.js';
import { type Command, renderCommand } from './command.js';
import { type Journal, withoutLongText } from './journal.js';
import { ofReads } from './limits.js';
import { type Io, type Outcome, perform } from './process.js';

/** A printed command failed: its line, how it ended, and the end of its output. */
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
    const room = said.includes('No space left on device') ? linesForRoom : [];
    const message = `This command ${howItEnded(outcome)}:\n  ${line}${said ? `\n${lastLines(said)}` : ''}`;
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

/** The last twenty lines of a program's output for a message, indented and cut in length, without colours. Of a line
 * that overwrote itself, such as progress, only the last version. */
export const lastLines = (text: string): string =>
  stripVTControlCharacters(text.slice(-8000))
    .replaceAll(/(?: *\r)+ *\n/g, '\n')
    .replaceAll(/.*\r(?=.)/g, '')
    .split('\n')
    .slice(-20)
    .join('\n')
    .replaceAll(/^/gm, '  ');

/** We were interrupted, so no further change may start. */
export class Interrupted extends UserError {}

/** Runs all commands. Changes are journalled, then performed; reads are performed silently. */
export class Executor {
  constructor(
    readonly journal: Journal,
    /** In a dry run changes are only journalled. Reads are performed. */
    readonly dryRun = false,
    /** When it fires, running changes get SIGTERM, and no new ones start. */
    private readonly interrupt?: AbortSignal,
  ) {}

  /** Journals the command and performs it. @throws CommandFailed if it fails, or exceeds a limit; Interrupted */
  async change(command: Command, io: Io = {}): Promise<Outcome> {
    const outcome = await this.attempt(command, io);
    if (outcome.code !== 0) throw new CommandFailed(command, outcome);
    return outcome;
  }

  /** Journals the command and performs it; the caller judges its exit code. No timeout, unless `io` has one. @throws
   * Interrupted if it may not start */
  async attempt(command: Command, io: Io = {}): Promise<Outcome> {
    if (this.interrupt?.aborted) throw new Interrupted('Interrupted.');
    this.journal.issue(command);
    if (this.dryRun) return { kind: 'exited', code: 0, signal: null, stdout: '', stderr: '' };
    const { interrupt } = this;
    const signal =
      interrupt && io.signal ? AbortSignal.any([interrupt, io.signal]) : (io.signal ?? interrupt);
    return this.#perform(command, { ...io, ...(signal && { signal }) }, changeByCtrlC);
  }

  /** Performs a command that changes nothing, without a journal line, with the limits of reads or those of `io`. */
  async query(command: Command, io: Io = {}): Promise<Outcome> {
    return this.#perform(command, { ...ofReads, ...io }, readByCtrlC);
  }

  /** The standard output of a command that changes nothing, without its last line break. @throws CommandFailed if it
   * fails, or exceeds a limit */
  async read(command: Command, io: Io = {}): Promise<string> {
    const outcome = await this.query(command, io);
    if (outcome.code !== 0) throw new CommandFailed(command, outcome);
    return outcome.stdout.replace(/\n$/, '');
  }

  async #perform(command: Command, io: Io, byCtrlC: ReadonlySet<number>): Promise<Outcome> {
    const outcome = await perform(command, io);
    if (byCtrlC.has(outcome.code) && this.interrupt && !io.apart) await fired(this.interrupt, momentMs);
    return outcome;
  }
}

/** Ctrl-C goes to us and to our programs, and we may see the end of a program before the signal. After so many
 * milliseconds the end has another reason. */
const momentMs = 200;

/** Exit codes of programs that Ctrl-C has ended: the signal's, and those of rsync and ssh. For a read such a code may
 * have another reason: `ssh-keygen -F` returns 255 for a missing file. */
const readByCtrlC: ReadonlySet<number> = new Set([130]);
const changeByCtrlC: ReadonlySet<number> = new Set([...readByCtrlC, 20, 255]);

/** Waits until the signal has fired, or for so many milliseconds. */
async function fired(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
