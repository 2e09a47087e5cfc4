import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { endOfRun, giveNotice, notifyFlag } from '../cli/end-notice.js';
import { filled } from '../cli/fold.js';
import { fromHere } from '../cli/from-here.js';
import { interruptible } from '../cli/interrupt.js';
import { selectionOf, whereFlag } from '../cli/selection-flags.js';
import { dim } from '../cli/style.js';
import { splitAtDashes, withoutBlank } from '../cli/words.js';
import { ownLine, UserError } from '../errors.js';
import { argumentsIn, conditionFromArguments } from '../experiment/change-arguments.js';
import { conditionFromArgv, conditionFromText } from '../experiment/condition.js';
import { selectCondition } from '../experiment/select.js';
import { type Experiment, openExperiment } from '../operations/experiment.js';
import { readArgumentsFile } from '../operations/rerun/arguments-file.js';
import type { Session } from '../operations/session.js';
import { run } from '../operations/start/run.js';
import type { Verbosity } from '../operations/user-settings.js';
import type { RunRecord } from '../runs/record.js';

/** A job that saves itself on SIGTERM may end with any code, even 0, and so may one that removes its own folder.
 * @param code of the job */
function exitCodeOf({ state, reason }: Pick<RunRecord, 'state' | 'reason'>, code: number): number {
  if (state === 'stopped' && reason === 'user') return 130;
  return state === 'succeeded' ? code : code || 1;
}

export default class Run extends BaseCommand {
  static override summary = 'Run one condition here, on the live working tree.';
  static override description =
    'Builds the image if needed, runs the command with the project at /project, and ends with the job’s own exit code; 125 if the job never started. Its /data is kept in runs/.';
  static override examples = [
    '<%= config.bin %> run -o "--lr 0.01"',
    '<%= config.bin %> run experiments/rnn-1 -- --lr 0.01 --name "two words"',
    '<%= config.bin %> run --condition lr-0-01',
    '<%= config.bin %> run -i <words.txt    # the job reads the file',
    '<%= config.bin %> run --clone --commit main    # from a clean checkout',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    options: Flags.string({
      helpValue: 'TEXT',
      char: 'o',
      description: 'the arguments, as one string of shell words',
      exclusive: ['condition', 'where', 'parameters'],
    }),
    parameters: Flags.string({
      helpValue: 'FILE',
      description: 'the arguments, as a JSON object in a file',
      exclusive: ['condition', 'where'],
    }),
    interactive: Flags.boolean({
      char: 'i',
      description: 'the job reads our standard input; at a terminal it does so anyway',
    }),
    condition: Flags.string({
      helpValue: 'ID',
      description: 'a condition of parameters.json, by its id or the beginning of it',
    }),
    ...whereFlag,
    clone: Flags.boolean({ description: 'run from a clean checkout instead of the working tree' }),
    commit: Flags.string({
      helpValue: 'COMMIT',
      description: 'the commit to check out; HEAD if left out',
      dependsOn: ['clone'],
    }),
    notify: notifyFlag,
    'data-readonly': Flags.string({
      helpValue: 'FOLDER',
      aliases: ['data_readonly'],
      description: 'a folder to mount at /data, read-only, instead of the run’s own',
    }),
  };

  async run() {
    const { own, job } = splitAtDashes(this.argv);
    const { args, flags } = await this.parse(Run, own);
    const session = this.session(flags);
    const experiment = await openExperiment(session, this.experimentFolder(args.experiment));
    const json = this.jsonEnabled();
    // A pipe is read only with -i: it may belong to a loop such as `while read`.
    const reads = flags.interactive || this.hasKeyboard;
    // The terminal sends Ctrl-C to the job itself; only signals to this process alone are passed on.
    const work = (stop: AbortSignal) =>
      run(session, experiment, {
        condition: this.#condition(experiment, session, flags, job),
        clone: flags.clone ? { commit: flags.commit ?? 'HEAD' } : null,
        dataReadOnly: flags['data-readonly'] ?? null,
        mode: [...(reads ? ['--interactive'] : []), ...(this.isTerminal && !json ? ['--tty'] : [])],
        io: { ...(json ? session.progress : { terminal: 'inherit' }), stdin: reads ? 'inherit' : 'ignore' },
        stop,
      });
    const { record, code } = await interruptible(work, ['SIGTERM', 'SIGHUP']);
    const how = record.exit_code ? `${record.state} with exit code ${record.exit_code}` : record.state;
    const results = experiment.runs.hasData(record.id)
      ? `results are in ${fromHere(`${experiment.runs.pathOf(record.id)}/data`)}`
      : `its results are gone: ${fromHere(experiment.runs.pathOf(record.id))} is not the folder that it was given`;
    if (!flags['dry-run']) this.screen.write(dim(`${filled(`${how}; ${results}`, this.screen.width)}\n`));
    process.exitCode = flags['dry-run'] ? code : exitCodeOf(record, code);
    if (!this.interrupt.wasHeard) {
      const of = { verb: 'run', experiment: record.experiment, folder: experiment.folder } as const;
      await giveNotice(session, flags.notify ?? this.settings.notify, endOfRun(of, record));
    }
    return record;
  }

  #condition(
    { parameters: { conditions: all, argumentStyle }, folder }: Experiment,
    session: Session,
    flags: {
      options?: string | undefined;
      parameters?: string | undefined;
      condition?: string | undefined;
      where?: string[] | undefined;
    },
    job: string[] | null,
  ) {
    if (
      job &&
      [flags.options, flags.parameters, flags.condition, flags.where].some((flag) => flag !== undefined)
    ) {
      throw new UserError(
        'Arguments after "--" cannot go with -o, --parameters, --condition or --where.',
        [ownLine('run', ['--', '--lr', '0.01'])],
        { exit: 2 },
      );
    }
    if (flags.condition !== undefined || flags.where !== undefined)
      return selectCondition(
        all,
        selectionOf(flags.condition === undefined ? [] : [flags.condition], flags, session, folder),
      );
    if (flags.parameters !== undefined) {
      const list = argumentsIn(readArgumentsFile(flags.parameters), flags.parameters);
      return conditionFromArguments(list, argumentStyle);
    }
    return job ? conditionFromArgv(job) : conditionFromText(withoutBlank(flags.options ?? ''));
  }

  /** Ctrl-C before the job has started (such as during a build) is not reported as an error. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (!this.interrupt.wasHeard) return super.catch(error);
    this.leave();
  }

  /** In a pipe, our own lines are not mixed into the job's standard error. */
  protected override usualVerbosity(set: Verbosity): Verbosity {
    return set === 'normal' && !this.screen.stream.isTTY ? 'quiet' : set;
  }

  protected override exitCodeOf(code: number): number {
    return code === 2 ? 2 : 125;
  }
}
