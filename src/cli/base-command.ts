import { homedir } from 'node:os';
import { relative } from 'node:path';
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { type OwnLine, type Suggestion, UserError } from '../errors.js';
import { findExperiment } from '../operations/find-experiment.js';
import type { Session } from '../operations/session.js';
import { readUserSettings, type UserSettings, type Verbosity } from '../operations/user-settings.js';
import { isInForeground } from '../shell/foreground.js';
import type { PlaceProblem } from '../targets/target.js';
import { SshPool } from '../tools/ssh/pool.js';
import { asUserError, failureJson, failureText, harmless } from './failure.js';
import { filled, foldedCommand } from './fold.js';
import { Interrupt } from './interrupt.js';
import { canRedraw, columnsOf, Screen } from './screen.js';
import { makeSession } from './session.js';
import { dim, present, type Text, wantsColors, yellow } from './style.js';
import { experimentAmong, suggested, textOf, typedWith } from './suggestions.js';
import { jsonText } from './text.js';
import { wrongUsage } from './wrong-usage.js';

export const experimentArg = {
  // Standard input belongs to the job: oclif must not read a missing argument from it.
  experiment: Args.string({
    description: 'the experiment: its folder, or its name',
    default: '.',
    ignoreStdin: true,
  }),
};

/** Parsed by `experimentAndConditions`. */
export const experimentAndConditionsArg = {
  words: Args.string({
    name: 'EXPERIMENT or CONDITION',
    required: false,
    ignoreStdin: true,
    description: 'folder of the experiment, and conditions of it',
  }),
};

export const dryRunFlag = {
  'dry-run': Flags.boolean({ description: 'print the commands instead of running them' }),
};

export const yesFlag = { yes: Flags.boolean({ char: 'y', description: 'do not ask' }) };

/** What all commands share: a session, the output of results and failures, and the ways to exit. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    verbose: Flags.boolean({
      char: 'v',
      helpGroup: 'GLOBAL',
      description: 'show whole commands, and all that they print',
      exclusive: ['quiet'],
    }),
    quiet: Flags.boolean({
      char: 'q',
      helpGroup: 'GLOBAL',
      description: 'show neither commands nor what they print',
      exclusive: ['verbose'],
    }),
  };

  protected readonly screen = new Screen(process.stderr, process.env);
  protected readonly interrupt = new Interrupt(() => this.leave());
  readonly #ssh = new SshPool();
  /** The user's settings for all experiments. */
  protected settings!: UserSettings;
  #dryRun = false;
  /** The experiment as it was typed; null: not known yet. */
  #typed: string | null = null;

  /** The state after an interrupt: sentences that follow `Interrupted.` */
  protected standing(): string {
    return '';
  }

  protected override async init(): Promise<void> {
    await super.init();
    this.interrupt.listen();
    this.settings = this.#readSettings();
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.screen.clear();
    this.interrupt.end();
    this.#ssh.close();
    await super.finally(error);
  }

  /** Exits after Ctrl-C. */
  protected leave(): never {
    const message = `Interrupted. ${this.standing()}`.trim();
    if (this.jsonEnabled()) this.logJson(failureJson({ name: 'Interrupted', message, suggestions: [] }));
    else this.screen.write(`${filled(message, this.screen.width)}\n`);
    process.exit(130);
  }

  /** Whether we can read the keyboard: reading it in the background (`&`) would suspend us. */
  protected get hasKeyboard(): boolean {
    return process.stdin.isTTY === true && isInForeground();
  }

  protected get isTerminal(): boolean {
    return this.hasKeyboard && process.stdout.isTTY === true;
  }

  /** Whether the live table is already on the terminal where the result would be printed. */
  protected get liveIsResult(): boolean {
    return process.stdout.isTTY === true && canRedraw(process.stderr, process.env);
  }

  /** Columns of the output that gets the result. */
  protected get width(): number {
    return columnsOf(process.stdout, process.env);
  }

  /** A problem with them is a warning, of every verb. */
  #readSettings(): UserSettings {
    const { settings, problem } = readUserSettings(homedir());
    if (problem) {
      const mend = suggested(problem.suggestions).map((line) => `\n  ${line}`);
      this.screen.write([yellow('Warning:'), ` ${problem.message}`, ...mend, '\n']);
    }
    return settings;
  }

  /** The verbosity without a flag. @param set that of the user's settings */
  protected usualVerbosity(set: Verbosity): Verbosity {
    return set;
  }

  protected session(flags: {
    readonly verbose: boolean;
    readonly quiet: boolean;
    readonly 'dry-run'?: boolean;
  }): Session {
    const { screen, config, interrupt } = this;
    const verbosity = flags.verbose
      ? 'verbose'
      : flags.quiet
        ? 'quiet'
        : this.usualVerbosity(this.settings.verbosity);
    const dryRun = flags['dry-run'] ?? false;
    this.#dryRun = dryRun;
    return makeSession({ screen, ssh: this.#ssh, interrupt: interrupt.signal, dryRun, verbosity, config });
  }

  /** The folder of the experiment that was typed as a folder or a name. @throws AmbiguousExperiment */
  protected experimentFolder(typed: string): string {
    this.#typed = typed;
    const { folder, isElsewhere } = findExperiment(typed);
    if (isElsewhere && typed === '.') this.screen.write([dim(`Experiment: ${relative('', folder)}`), '\n']);
    return folder;
  }

  /** The same, to be passed on. */
  protected readonly find = (typed: string): string => this.experimentFolder(typed);

  /** Whether a result goes as bytes, and alone, to standard output: `-o -`. @throws UserError with --json */
  protected isToStandardOutput(output: string | undefined): boolean {
    if (output !== '-') return false;
    if (this.jsonEnabled())
      throw new UserError('With "-o -" standard output has no room for --json.', [], { exit: 2 });
    return true;
  }

  /** The suggested command lines, for that experiment. */
  protected mending(suggestions: readonly Suggestion[]): string[] {
    return suggested(this.#inFull(suggestions), this.#given());
  }

  /** Lines that repeat this command have all that was typed. */
  #inFull(suggestions: readonly Suggestion[]): Suggestion[] {
    const isTaken = (word: string) => !word.startsWith('--') || word.slice(2) in this.ctor.flags;
    return suggestions.map((line) =>
      typeof line !== 'string' && line.again && line.words.every(isTaken)
        ? typedWith(this.id ?? line.verb, this.argv, line)
        : line,
    );
  }

  #given(): string | null {
    return this.#typed ?? experimentAmong(this.argv);
  }

  /** Shows what failed on some machines while the others succeeded; sets the exit code to 1. */
  protected warnOf(problems: readonly PlaceProblem[]): void {
    for (const { problem } of problems) {
      Object.assign(problem, { suggestions: this.#inFull(problem.suggestions) });
      this.screen.write(failureText(problem, this.#given(), this.screen.width));
    }
    if (problems.length > 0) process.exitCode = 1;
  }

  /** Proposes the next commands. Not after a dry run, whose output is to be pasted. */
  protected next(folder: string, ...lines: OwnLine[]): void {
    if (this.jsonEnabled() || this.#dryRun) return;
    this.screen.write([
      '\n',
      dim('Next:'),
      ...lines.map((line) => `\n${foldedCommand(`  ${textOf(line, folder)}`, this.screen.width)}`),
      '\n',
    ]);
  }

  /** Prints the result for people, escaped (oclif's own `log` does not escape). */
  override log(text: Text = ''): void {
    if (this.jsonEnabled()) return;
    this.screen.clear();
    process.stdout.write(`${present(text, wantsColors(process.stdout, process.env))}\n`);
  }

  /** Adds `dry_run` after a dry run. */
  protected override toSuccessJson(result: unknown): unknown {
    return this.#dryRun && typeof result === 'object' ? { dry_run: true, ...result } : result;
  }

  /** A bug of ours is shown in the same form as any other error. */
  protected override toErrorJson({ name, message }: Error): unknown {
    return failureJson({ name, message, suggestions: [] });
  }

  /** Without colours: oclif's own walks over every value to colour it. */
  override logJson(json: unknown): void {
    this.screen.clear();
    if (json === undefined) return;
    process.stdout.write(`${jsonText(json, 2)}\n`);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (error.name === 'ExitPromptError' || this.interrupt.signal.aborted) this.leave();
    const usage = { verb: this.id ?? '', argv: this.argv, flags: this.ctor.flags };
    const problem = asUserError(error) ?? wrongUsage(error, usage);
    if (!problem) return super.catch(harmless(error));
    Object.assign(problem, { suggestions: this.#inFull(problem.suggestions) });
    if (process.env.LOGISTICIAN_DEBUG) this.screen.write(`${error.stack}\n`);
    if (this.jsonEnabled()) this.logJson(failureJson(problem, this.#given()));
    else this.screen.write(failureText(problem, this.#given(), this.screen.width));
    this.exit(this.exitCodeOf(problem.exit));
  }

  /** Overridden by `run`, which has exit codes of its own. */
  protected exitCodeOf(code: number): number {
    return code;
  }
}
