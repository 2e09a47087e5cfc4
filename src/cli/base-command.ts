import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { quote } from 'shlex';
import type { Session } from '../operations/session.js';
import { Executor } from '../shell/executor.js';
import { Journal } from '../shell/journal.js';
import type { MachineProblem } from '../targets/target.js';
import { SshPool } from '../tools/ssh/pool.js';
import { asUserError, failureText } from './failure.js';
import { endsByItself } from './interrupt.js';
import { notifyOn } from './notify.js';
import { canRedraw, Screen } from './screen.js';
import { colorsFor } from './style.js';
import { wrongUsage } from './wrong-usage.js';

export const experimentArg = {
  // Standard input is the job's, never a word that was left out.
  experiment: Args.string({ description: 'folder of the experiment', default: '.', ignoreStdin: true }),
};

export const dryRunFlag = {
  'dry-run': Flags.boolean({ description: 'print the commands and run none of them' }),
};

export const yesFlag = {
  yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
};

/** What all commands share: a session, how results and failures are shown, and the ways out. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  protected readonly colors = colorsFor(process.stdout, process.env);
  protected readonly screen = new Screen(process.stderr, process.env);
  protected readonly dim = colorsFor(process.stderr, process.env).dim;

  #ssh: SshPool | undefined;
  readonly #interrupt = new AbortController();
  #giveUp: NodeJS.Timeout | undefined;

  /** How things stand when Ctrl-C has cut the command short: sentences to put behind `Interrupted.` */
  protected standing(): string {
    return '';
  }

  protected override async init(): Promise<void> {
    await super.init();
    process.on('SIGINT', this.#heard);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    clearTimeout(this.#giveUp);
    process.off('SIGINT', this.#heard);
    this.#ssh?.close();
    await super.finally(error);
  }

  readonly #heard = (): void => {
    if (endsByItself()) return;
    if (this.#interrupt.signal.aborted) this.#leave();
    this.#interrupt.abort();
    // What we wait for has heard it too, and ends, most of it: then there is something to take back.
    this.#giveUp = setTimeout(() => this.#leave(), 2000);
  };

  #leave(): never {
    const message = `Interrupted. ${this.standing()}`.trim();
    if (this.jsonEnabled()) this.logJson({ error: { name: 'Interrupted', message, suggestions: [] } });
    else process.stderr.write(`${message}\n`);
    process.exit(130);
  }

  protected get isTerminal(): boolean {
    return process.stdin.isTTY === true && process.stdout.isTTY === true;
  }

  /** Whether the table that was drawn again and again stands already where the result is looked for. */
  protected get liveIsResult(): boolean {
    return process.stdout.isTTY === true && canRedraw(process.stderr, process.env);
  }

  protected get width(): number {
    return process.stdout.columns ?? (Number(process.env.COLUMNS) || 80);
  }

  protected session({ dryRun = false }: { readonly dryRun?: boolean } = {}): Session {
    const { screen } = this;
    const toScreen = () => {
      const texts = new StringDecoder('utf8');
      return (chunk: Buffer) => screen.write(texts.write(chunk));
    };
    this.#ssh ??= new SshPool();
    const journal = new Journal((line) => screen.write(`${this.dim(line)}\n`), dryRun);
    return {
      executor: new Executor(journal, dryRun, this.#interrupt.signal),
      notify: notifyOn(screen, colorsFor(process.stderr, process.env)),
      progress: { onStdout: toScreen(), onStderr: toScreen() },
      ssh: this.#ssh,
      env: process.env,
      now: () => new Date(),
      packageRoot: this.config.root,
      version: this.config.version,
      home: homedir(),
    };
  }

  /** Says what went wrong on some machines, while the others did their part; the exit code is 1 then. */
  protected warnOf(problems: readonly MachineProblem[]): void {
    const colors = colorsFor(process.stderr, process.env);
    for (const { problem } of problems) process.stderr.write(`${failureText(problem, colors)}\n`);
    if (problems.length > 0) process.exitCode = 1;
  }

  /** The lines that a person is likely to want now. `verb` may have words of its own behind it. */
  protected next(folder: string, ...verbs: string[]): void {
    if (this.jsonEnabled()) return;
    process.stderr.write(
      `\n${this.dim('Next:')}\n${verbs.map((verb) => `  ${this.line(folder, verb)}\n`).join('')}`,
    );
  }

  /** A command line of ours for the experiment in that folder. */
  protected line(folder: string, verb: string): string {
    const from = relative('', resolve(folder));
    const [name = '', ...rest] = verb.split(' ');
    return ['logistician', name, ...(from === '' ? [] : [quote(from)]), ...rest].join(' ');
  }

  /** As it is: oclif's own goes over every value to colour it. */
  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (error.name === 'ExitPromptError' || this.#interrupt.signal.aborted) this.#leave();
    const usage = { verb: this.id ?? '', argv: this.argv, flags: this.ctor.flags };
    const problem = asUserError(error) ?? wrongUsage(error, usage);
    if (!problem) return super.catch(error);
    if (process.env.DEBUG) process.stderr.write(`${error.stack}\n`);
    if (this.jsonEnabled()) {
      const { message, suggestions, name } = problem;
      this.logJson({ error: { name, message, suggestions } });
    } else {
      const colors = colorsFor(process.stderr, process.env);
      process.stderr.write(`${failureText(problem, colors, (line) => this.#forExperiment(line))}\n`);
    }
    this.exit(this.exitCodeOf(problem.exit));
  }

  /** A suggested line of ours, for the experiment that this command was given. */
  #forExperiment(suggestion: string): string {
    if (suggestion.endsWith(' --help')) return suggestion;
    const given = this.argv.find((word) => existsSync(join(word, 'parameters.json')));
    const ours = /^logistician (?!create|setup)([a-z]+)(?= +[-#]|$)(.*)/.exec(suggestion);
    return given && ours ? this.line(given, `${ours[1]}${ours[2]}`) : suggestion;
  }

  /** `run` has codes of its own. */
  protected exitCodeOf(code: number): number {
    return code;
  }
}
