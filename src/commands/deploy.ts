import * as Flags from '@oclif/core/flags';
import { dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { chosenWords, messageOf } from '../cli/deploy-view.js';
import { notifyFlag } from '../cli/end-notice.js';
import { LaunchCommand } from '../cli/launch-command.js';
import { machineFlags, machinesOf } from '../cli/machine-flags.js';
import { selectionOf, whereFlag } from '../cli/selection-flags.js';
import { splitAtDashes } from '../cli/words.js';
import { ownLine, UserError } from '../errors.js';
import { type Condition, conditionFromArgv } from '../experiment/condition.js';
import { oneOffConditions } from '../operations/deploy/one-off.js';
import type { DeployRequest } from '../operations/deploy/request.js';
import { type Experiment, openExperiment } from '../operations/experiment.js';
import { warnOfNamesakes } from '../operations/read-experiment.js';
import { targetOfHosts } from '../targets/registry.js';

export default class Deploy extends LaunchCommand {
  static override summary = 'Run all conditions, pinned to a commit.';
  static override description =
    'Needs a clean working tree (parameters.json may differ: it is configuration), or --snapshot or --commit. Conditions that have succeeded with the same code and arguments are skipped, and so are those that were stopped. It returns when every job is delivered; run again, it delivers the rest. Jobs keep running when the terminal closes; on other machines, also when this computer is off.';
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy --first 1 --wait    # try one before the others',
    '<%= config.bin %> deploy --snapshot --wait    # uncommitted changes too; follow to the end',
    '<%= config.bin %> deploy -- --lr 0.03    # these arguments, which are in no file',
    '<%= config.bin %> deploy --retry-failed',
    '<%= config.bin %> deploy --dry-run',
    '<%= config.bin %> deploy --target aws --plan    # what Terraform would create',
  ];
  // oclif's own would have 25 flags in it, and those that exclude others twice.
  static override usage = 'deploy [EXPERIMENT] [FLAGS]';
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    ...machineFlags,
    target: Flags.string({
      helpValue: 'TARGET',
      description: 'where to run, instead of what parameters.json says',
    }),
    slots: Flags.integer({
      helpValue: 'N',
      min: 1,
      description: 'how many conditions run at a time on a machine; default: from its CPUs, memory and GPUs',
    }),
    plan: Flags.boolean({
      description: 'on aws: show what Terraform would do, and do nothing',
      exclusive: ['wait', 'dry-run'],
    }),
    wait: Flags.boolean({
      char: 'w',
      description: 'follow to the end; exit code 1 if any condition did not succeed',
    }),
    notify: { ...notifyFlag, dependsOn: ['wait'] },
    'keep-failed': Flags.boolean({
      description: 'with --wait on aws: do not terminate the machines of failed conditions',
      dependsOn: ['wait'],
    }),
    first: Flags.integer({ helpValue: 'N', min: 1, description: 'only the first N conditions' }),
    only: Flags.string({
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      description:
        "only this condition, by the beginning of its id, or a pattern such as 'lr-0.1-*'; may be repeated",
    }),
    ...whereFlag,
    'max-failures': Flags.integer({
      helpValue: 'N',
      min: 1,
      description: 'after N failed jobs, start no more of the waiting ones',
    }),
    'max-machines': Flags.integer({
      helpValue: 'N',
      min: 1,
      description: 'on aws: have at most N machines at a time; the other conditions wait for them',
    }),
    'retry-failed': Flags.boolean({
      description: 'run failed and lost conditions again, at the deployment’s commit',
      exclusive: ['commit', 'snapshot'],
    }),
    'retry-stopped': Flags.boolean({
      description: 'run stopped conditions again, at the deployment’s commit',
      exclusive: ['commit', 'snapshot'],
    }),
    'fresh-state': Flags.boolean({
      description: 'start with an empty /data/state instead of the one that the last attempt left',
    }),
    force: Flags.boolean({ description: 'run also conditions that have succeeded or were stopped' }),
    commit: Flags.string({
      helpValue: 'COMMIT',
      description: 'run this commit; changes in the working tree are ignored',
      exclusive: ['snapshot'],
    }),
    snapshot: Flags.boolean({ description: 'run the working tree as it is, as a commit beside your branch' }),
    message: Flags.string({
      helpValue: 'TEXT',
      char: 'm',
      description: 'why you deploy: kept in the receipts, and shown with the deployment',
    }),
  };

  async run() {
    const { own, job } = splitAtDashes(this.argv);
    const { args, flags } = await this.parse(Deploy, own);
    const session = this.launchSession(flags);
    const opened = await openExperiment(session, this.experimentFolder(args.experiment));
    const conditions = job ? [onlyOf(job, flags)] : [...opened.conditions, ...retriedToo(opened, flags)];
    const experiment = { ...opened, conditions };
    warnOfNamesakes(session.notify, experiment.folder, experiment.parameters.experimentName);
    const request: DeployRequest = {
      machines: machinesOf(flags, this.isTerminal),
      target: flags.target ?? (flags.hosts === undefined ? experiment.parameters.target : targetOfHosts),
      only: selectionOf(flags.only ?? [], flags, session, experiment.folder),
      first: flags.first ?? null,
      slots: flags.slots ?? null,
      commit: flags.commit ?? null,
      snapshot: flags.snapshot,
      message: messageOf(flags.message),
      force: flags.force,
      freshState: flags['fresh-state'],
      retry: { failed: flags['retry-failed'], stopped: flags['retry-stopped'] },
      maxFailures: flags['max-failures'] ?? null,
      maxMachines: flags['max-machines'] ?? null,
      keepFailed: flags['keep-failed'],
      pin: null,
    };
    const isChosen = flags.snapshot || flags.commit !== undefined;
    return this.launch(session, experiment, request, {
      ...flags,
      folder: args.experiment,
      chosen: [...chosenWords(flags), ...(job ? ['--', ...job] : [])],
      at: ({ pin }) => (isChosen ? ['--commit', pin.commit.slice(0, 10)] : []),
    });
  }
}

/** Without a choice a retry is of all conditions of the deployment. */
const retriedToo = (
  experiment: Experiment,
  flags: Choice & Record<`retry-${'failed' | 'stopped'}`, boolean>,
) =>
  (flags['retry-failed'] || flags['retry-stopped']) && !isChoice(flags) ? oneOffConditions(experiment) : [];

interface Choice {
  readonly only?: string[] | undefined;
  readonly where?: string[] | undefined;
  readonly first?: number | undefined;
}

const isChoice = ({ only, where, first }: Choice): boolean =>
  only !== undefined || where !== undefined || first !== undefined;

/** The condition of arguments that were typed. @throws UserError where conditions of the file are chosen, too */
function onlyOf(job: readonly string[], flags: Choice): Condition {
  if (!isChoice(flags)) return conditionFromArgv(job);
  throw new UserError(
    'Arguments after "--" are a condition of their own: they cannot go with --only, --where or --first.',
    [ownLine('deploy', ['--', '--lr', '0.01'])],
    { exit: 2 },
  );
}
