import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import type { OwnLine } from '../errors.js';
import type { Session } from '../operations/session.js';
import type { PlaceProblem } from '../targets/target.js';
import { SshPool } from '../tools/ssh/pool.js';
import { asUserError, failureJson, failureText, harmless } from './failure.js';
import { Interrupt } from './interrupt.js';
import { canRedraw, Screen } from './screen.js';
import { makeSession } from './session.js';
import { dim, present, type Text, wantsColors } from './style.js';
import { textOf } from './suggestions.js';
import { jsonText } from './text.js';
import { wrongUsage } from './wrong-usage.js';

export const experimentArg = {
  // Standard input is the job's, never a word that was left out.
  experiment: Args.string({ description: 'folder of the experiment', default: '.', ignoreStdin: true }),
};

export const dryRunFlag = {
  'dry-run': Flags.boolean({ description: 'print the commands and run none of them' }),
};

export const yesFlag = { yes: Flags.boolean({ char: 'y', description: 'do not ask' }) };

/** What all commands share: a session, how results and failures are shown, and the ways out. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  protected readonly screen = new Screen(process.stderr, process.env);
  protected readonly interrupt = new Interrupt(() => this.#leave());
  readonly #ssh = new SshPool();

  /** How things stand when Ctrl-C has cut the command short: sentences to put behind `Interrupted.` */
  protected standing(): string {
    return '';
  }

  protected override async init(): Promise<void> {
    await super.init();
    this.interrupt.listen();
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    this.interrupt.end();
    this.#ssh.close();
    await super.finally(error);
  }

  #leave(): never {
    const message = `Interrupted. ${this.standing()}`.trim();
    if (this.jsonEnabled()) this.logJson(failureJson({ name: 'Interrupted', message, suggestions: [] }));
    else this.screen.write(`${message}\n`);
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
    const { screen, config } = this;
    return makeSession({ screen, ssh: this.#ssh, interrupt: this.interrupt.signal, dryRun, config });
  }

  /** Says what went wrong on some machines, while the others did their part; the exit code is 1 then. */
  protected warnOf(problems: readonly PlaceProblem[]): void {
    for (const { problem } of problems) this.screen.write(failureText(problem, this.argv));
    if (problems.length > 0) process.exitCode = 1;
  }

  /** The lines that a person is likely to want now. */
  protected next(folder: string, ...lines: OwnLine[]): void {
    if (this.jsonEnabled()) return;
    this.screen.write(['\n', dim('Next:'), ...lines.map((line) => `\n  ${textOf(line, folder)}`), '\n']);
  }

  /** The result, for people: escaped, where oclif's own prints what it is given. */
  override log(text: Text = ''): void {
    if (this.jsonEnabled()) return;
    process.stdout.write(`${present(text, wantsColors(process.stdout, process.env))}\n`);
  }

  /** As it is: oclif's own goes over every value to colour it. */
  override logJson(json: unknown): void {
    process.stdout.write(`${jsonText(json, 2)}\n`);
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (error.name === 'ExitPromptError' || this.interrupt.signal.aborted) this.#leave();
    const usage = { verb: this.id ?? '', argv: this.argv, flags: this.ctor.flags };
    const problem = asUserError(error) ?? wrongUsage(error, usage);
    if (!problem) return super.catch(harmless(error));
    if (process.env.DEBUG) this.screen.write(`${error.stack}\n`);
    if (this.jsonEnabled()) this.logJson(failureJson(problem, this.argv));
    else this.screen.write(failureText(problem, this.argv));
    this.exit(this.exitCodeOf(problem.exit));
  }

  /** `run` has codes of its own. */
  protected exitCodeOf(code: number): number {
    return code;
  }
}
