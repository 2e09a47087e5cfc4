import { UserError } from '../errors.js';
import { type Command, renderCommand } from './command.js';
import { type Journal, withoutLongText } from './journal.js';
import { type Io, type Outcome, perform } from './process.js';

/** A command that a person can see failed: its line, its exit code, the end of what it said. */
export class CommandFailed extends UserError {
  constructor(
    readonly line: string,
    readonly outcome: Outcome,
    suggestions: readonly string[] = [],
  ) {
    const how = outcome.signal ? `was ended by ${outcome.signal}` : `ended with exit code ${outcome.code}`;
    const said = outcome.stderr.trim() || outcome.stdout.trim();
    const room = said.includes('No space left on device') ? ['df -h', 'docker system prune'] : [];
    const message = `This command ${how}:\n  ${line}${said ? `\n${indent(lastLines(said, 20))}` : ''}`;
    super(message, [...suggestions, ...room]);
  }
}

const lastLines = (text: string, count: number) => text.split('\n').slice(-count).join('\n');
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
   *  @throws CommandFailed if it ends with anything but 0; Interrupted */
  async change(command: Command, io: Io = {}): Promise<Outcome> {
    const outcome = await this.attempt(command, io);
    if (outcome.code !== 0) throw new CommandFailed(renderCommand(withoutLongText(command)), outcome);
    return outcome;
  }

  /** Journals the command and performs it; how it ended is the caller's to judge.
   *  @throws Interrupted if it may not begin */
  async attempt(command: Command, io: Io = {}): Promise<Outcome> {
    if (this.interrupt?.aborted) throw new Interrupted('Interrupted.');
    this.journal.issue(command);
    if (this.dryRun) return { code: 0, signal: null, stdout: '', stderr: '' };
    return perform(command, this.interrupt ? { signal: this.interrupt, ...io } : io);
  }

  /** Performs a command that changes nothing, without a line in the journal. */
  async query(command: Command, io: Io = {}): Promise<Outcome> {
    return perform(command, io);
  }

  /** The standard output of a command that changes nothing, without its last line break.
   *  @throws CommandFailed if it ends with anything but 0. */
  async read(command: Command): Promise<string> {
    const outcome = await perform(command, {});
    if (outcome.code !== 0) throw new CommandFailed(renderCommand(withoutLongText(command)), outcome);
    return outcome.stdout.replace(/\n$/, '');
  }
}
