import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { hasFailed, leftView, machinesJson, removedView } from '../cli/clean-machines-view.js';
import { cleanView } from '../cli/clean-view.js';
import { runFilterFlags } from '../cli/history-flags.js';
import { machineFlags, machinesOf, withListOrNone } from '../cli/machine-flags.js';
import { confirm } from '../cli/prompts.js';
import { ownLine, UserError } from '../errors.js';
import { ranking } from '../history/best.js';
import { parseMoment } from '../history/moment.js';
import { readQuery, rowsFor } from '../history/query.js';
import { finalStates } from '../machines/job-state.js';
import { clean, isEmpty, planCleaning } from '../operations/clean/clean.js';
import { lookAtMachines } from '../operations/clean/machines.js';
import { fieldsOf, openHistory } from '../operations/history/open-history.js';
import { openRecords } from '../operations/records.js';
import { sizeText } from '../runs/measures/read.js';

class NothingChosen extends UserError {
  constructor() {
    super(
      'Say which runs: by age, state, measures, or which ones stay.',
      [
        ownLine('clean', ['--older-than', '30d']),
        ownLine('clean', ['--state', 'failed']),
        ownLine('clean', ['--keep-best', '3', '--keep-last', '1']),
      ],
      { exit: 2 },
    );
  }
}

/** Flags that say nothing of machines. */
const aboutRuns = ['older-than', 'state', 'where', 'keep-last', 'keep-best', 'by', 'only', 'receipts'];

export default class Clean extends BaseCommand {
  static override summary =
    'Free the disk: remove what runs have left, and keep receipts, measures and logs.';
  static override description =
    'Shows what it would remove, and asks. Never of a run that has not ended, of the live deployment, or that another run continues or repeats. Images go with the last run that has them; reproduce builds them again. With --hosts it is about machines over SSH, and about no runs: it removes sources and inputs of any experiment, and images of this one, that no deployment there needs which is not terminated.';
  static override usage = ['clean [EXPERIMENT] [FLAGS]', 'clean [EXPERIMENT] --hosts [LIST]'];
  static override examples = [
    '<%= config.bin %> clean --older-than 30d',
    '<%= config.bin %> clean --state failed --only data',
    '<%= config.bin %> clean --keep-best 3 --by accuracy',
    "<%= config.bin %> clean --where 'accuracy<0.5' --receipts",
    '<%= config.bin %> clean --hosts',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    'older-than': Flags.string({ helpValue: 'TIME', description: 'runs created before: 30d, 2w, or a date' }),
    state: Flags.string({
      helpValue: 'STATE',
      options: [...finalStates],
      multiple: true,
      multipleNonGreedy: true,
      description: 'runs of this state, such as failed; may be repeated',
    }),
    where: runFilterFlags.where,
    'keep-last': Flags.integer({
      helpValue: 'N',
      min: 0,
      description: 'the newest N runs of each condition stay',
    }),
    'keep-best': Flags.integer({
      helpValue: 'N',
      min: 1,
      description: 'the best N runs stay, as `best` says',
    }),
    by: Flags.string({
      helpValue: 'NAME',
      description: 'the best by this measure',
      dependsOn: ['keep-best'],
    }),
    only: Flags.string({
      options: ['data', 'images'],
      description: 'files of runs alone, or images alone',
    }),
    receipts: Flags.boolean({ description: 'the runs whole, with receipts, measures and logs' }),
    hosts: Flags.string({
      helpValue: 'LIST',
      description: 'what machines over SSH keep: those of parameters.json, or these',
      exclusive: aboutRuns,
    }),
    'accept-new-host-keys': { ...machineFlags['accept-new-host-keys'], exclusive: aboutRuns },
  };

  async run() {
    const { args, flags } = await this.parse(Clean, withListOrNone(this.argv));
    if (flags.hosts !== undefined) return this.#onMachines(args.experiment, flags);
    const asked = [flags['older-than'], flags.state, flags.where, flags['keep-last'], flags['keep-best']];
    if (asked.every((flag) => flag === undefined)) throw new NothingChosen();
    const session = this.session(flags);
    const now = session.now();
    const records = openRecords(session, this.experimentFolder(args.experiment));
    const { rows, objective } = openHistory(session.home, records.folder);
    const fields = fieldsOf(rows);
    const query = readQuery({ where: flags.where });
    const meant = rowsFor(query, fields, { now, isInTime: () => true, limit: 0 });
    for (const remark of meant.remarks) session.notify.note(remark);
    const by = { by: flags.by ?? null, goal: null, over: null, objective };
    const best = flags['keep-best'] === undefined ? [] : ranking(rows, fields, by).ranked;
    const plan = await planCleaning(session, records, {
      meant: meant.rows,
      before: flags['older-than'] === undefined ? null : momentOf(flags['older-than'], now),
      states: flags.state ?? [],
      keepLast: flags['keep-last'] ?? 0,
      best: new Set(best.slice(0, flags['keep-best']).flatMap((one) => one.rows.map(({ run }) => run))),
      data: flags.only !== 'images',
      images: flags.only !== 'data',
      receipts: flags.receipts,
    });
    this.log(cleanView(plan, now, this.width));
    const found = {
      bytes: plan.bytes,
      runs: plan.runs.map(({ row, removable }) => ({ run: row.run, bytes: removable.bytes })),
      images: plan.images,
      leftovers: plan.leftovers.paths,
      kept: Object.fromEntries(plan.kept),
    };
    if (isEmpty(plan)) return { ...found, removed: false };
    if (!(await this.#isConfirmed(flags))) return { ...found, removed: false };
    await clean(session, records, plan);
    if (!flags['dry-run']) this.log(`Removed ${sizeText(plan.bytes)}.`);
    return { ...found, removed: !flags['dry-run'] };
  }

  #isConfirmed(flags: { yes: boolean; 'dry-run': boolean }): Promise<boolean> {
    const yes = flags.yes || flags['dry-run'];
    const how = { yes, isTerminal: this.isTerminal, ends: true, verb: 'clean' };
    return confirm('Remove these?', how);
  }

  async #onMachines(typed: string, flags: MachineFlags): Promise<ReturnType<typeof machinesJson>> {
    const machines = machinesOf({ ...flags, hosts: flags.hosts || undefined }, this.isTerminal);
    const found = await lookAtMachines(this.session(flags), this.experimentFolder(typed), machines);
    this.log(leftView(found.left, this.width));
    this.warnOf(found.problems);
    const isAny = found.left.some(({ things }) => things.length > 0);
    if (!isAny || !(await this.#isConfirmed(flags))) return machinesJson(found.left, found.problems, null);
    const { removals, problems } = await found.remove();
    this.warnOf(problems);
    if (flags['dry-run']) return machinesJson(found.left, found.problems, null);
    this.log(removedView(found.left, removals));
    if (hasFailed(removals)) process.exitCode = 1;
    return machinesJson(found.left, [...found.problems, ...problems], removals);
  }
}

interface MachineFlags
  extends Record<'accept-new-host-keys' | 'yes' | 'dry-run' | 'verbose' | 'quiet', boolean> {
  readonly hosts?: string | undefined;
}

function momentOf(text: string, now: Date): Date {
  const found = parseMoment(text, now);
  if (found) return found;
  throw new UserError(`"${text}" is not an age: --older-than takes 30d, 2w, 12h, or a date.`, [], {
    exit: 2,
  });
}
