import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { interruptible } from '../cli/interrupt.js';
import { dim } from '../cli/style.js';
import { joinOptions, splitAtDashes } from '../cli/words.js';
import { ownLine, UserError } from '../errors.js';
import { type Condition, conditionFromArgv, conditionFromText } from '../experiment/condition.js';
import { selectConditions } from '../experiment/select.js';
import { openExperiment } from '../operations/experiment.js';
import { run } from '../operations/start/run.js';

export default class Run extends BaseCommand {
  static override summary = 'Run one condition here, on the live working tree.';
  static override description =
    'Builds the image if needed, runs the command with the project at /project, and ends with the job’s own exit code; 125 if the job never started. What it leaves in /data stays in runs/.';
  static override examples = [
    '<%= config.bin %> run -o "--lr 0.01"',
    '<%= config.bin %> run experiments/rnn-1 -- --lr 0.01 --name "two words"',
    '<%= config.bin %> run --condition lr-0-01',
    '<%= config.bin %> run --clone --commit main    # from a clean checkout',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    options: Flags.string({
      helpValue: 'TEXT',
      char: 'o',
      description: 'the arguments, as one text of shell words',
      exclusive: ['condition'],
    }),
    condition: Flags.string({
      helpValue: 'ID',
      description: 'a condition of parameters.json, by its id or the beginning of it',
    }),
    clone: Flags.boolean({ description: 'run from a clean checkout instead of the working tree' }),
    commit: Flags.string({
      helpValue: 'COMMIT',
      description: 'the commit to check out; HEAD if left out',
      dependsOn: ['clone'],
    }),
    'data-readonly': Flags.string({
      helpValue: 'FOLDER',
      aliases: ['data_readonly'],
      description: 'a folder to mount at /data, for reading only, instead of the run’s own',
    }),
  };

  async run() {
    const { own, job } = splitAtDashes(this.argv);
    const { args, flags } = await this.parse(Run, joinOptions(own));
    const session = this.session({ dryRun: flags['dry-run'] });
    const experiment = await openExperiment(session, args.experiment);
    const json = this.jsonEnabled();
    // Ctrl-C goes from the terminal to the job itself; only what ends this process alone is passed on.
    const work = (stop: AbortSignal) =>
      run(session, experiment, {
        condition: this.#condition(experiment.parameters.conditions, flags, job),
        clone: flags.clone ? { commit: flags.commit ?? 'HEAD' } : null,
        dataReadOnly: flags['data-readonly'] ?? null,
        mode: ['--interactive', ...(this.isTerminal && !json ? ['--tty'] : [])],
        io: json ? { ...session.progress, stdin: 'inherit' } : { terminal: 'inherit' },
        stop,
      });
    const { record, code } = await interruptible(work, ['SIGTERM', 'SIGHUP']);
    const how = record.exit_code ? `${record.state} with exit code ${record.exit_code}` : record.state;
    const results = `${experiment.runs.pathOf(record.id)}/data`;
    if (!flags['dry-run']) this.screen.write(dim(`${how}; results are in ${results}\n`));
    // A job that saved itself may end with any code, 0 too: who reads ours has to hear that it was cut short.
    process.exitCode = record.state === 'stopped' && record.reason === 'user' ? 130 : code;
    return record;
  }

  #condition(
    all: readonly Condition[],
    flags: { options?: string | undefined; condition?: string | undefined },
    job: string[] | null,
  ) {
    if (job && (flags.options !== undefined || flags.condition !== undefined)) {
      throw new UserError(
        'Arguments after "--" cannot go with -o or --condition.',
        [ownLine('run', ['--', '--lr', '0.01'])],
        { exit: 2 },
      );
    }
    if (flags.condition !== undefined) return selectConditions(all, [flags.condition])[0] as Condition;
    return job ? conditionFromArgv(job) : conditionFromText(flags.options ?? '');
  }

  /** Ctrl-C while the image is built, or what else goes before the job, is no problem to be told of. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (!this.interrupt.wasHeard) return super.catch(error);
    this.screen.write('Interrupted.\n');
    this.exit(130);
  }

  protected override exitCodeOf(code: number): number {
    return code === 2 ? 2 : 125;
  }
}
