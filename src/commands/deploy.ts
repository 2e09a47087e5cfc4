import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import {
  chosenWords,
  linesAfterLaunch,
  lockIsHeld,
  messageOf,
  nextLines,
  nothingToRun,
} from '../cli/deploy-view.js';
import { endByProblem, endOfSweep, giveNotice, notifyFlag } from '../cli/end-notice.js';
import { followLive } from '../cli/follow-view.js';
import { LaunchRows } from '../cli/launch-view.js';
import { machineFlags, machinesOf } from '../cli/machine-flags.js';
import { planView } from '../cli/plan-view.js';
import { confirm } from '../cli/prompts.js';
import { selectionOf, whereFlag } from '../cli/selection-flags.js';
import { sinceJson } from '../cli/since-view.js';
import { statusJson } from '../cli/status-json.js';
import { statusView } from '../cli/status-view.js';
import { textOf } from '../cli/suggestions.js';
import { ownLine, UserError } from '../errors.js';
import { type DeployPlan, decide } from '../operations/deploy/decide.js';
import { deployOrJoin, isEmpty, launches } from '../operations/deploy/deploy-or-join.js';
import { preview } from '../operations/deploy/preview.js';
import type { DeployRequest } from '../operations/deploy/request.js';
import { collect, runsElsewhere } from '../operations/end/collect.js';
import { type Experiment, openExperiment } from '../operations/experiment.js';
import { giveBackAtEnd } from '../operations/follow/reconcile.js';
import { waitChores } from '../operations/follow/wait-chores.js';
import { observe } from '../operations/look/observe.js';
import { allSucceeded, type ExperimentStatus, isOfSweep } from '../operations/look/rows.js';
import { warnOfNamesakes } from '../operations/read-experiment.js';
import type { Session } from '../operations/session.js';
import { targetOfHosts } from '../targets/registry.js';
import type { Step } from '../targets/target.js';

interface LaunchFlags {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly wait: boolean;
  readonly notify?: string | undefined;
  readonly folder: string;
}

interface FollowFlags extends Pick<LaunchFlags, 'notify' | 'folder'> {
  readonly chosen: readonly string[];
  readonly 'keep-failed': boolean;
}

export default class Deploy extends BaseCommand {
  static override summary = 'Run all conditions, pinned to a commit.';
  static override description =
    'Needs a clean working tree (parameters.json may differ: it is configuration), or --snapshot or --commit. Conditions that have succeeded with the same code and arguments are skipped, and so are those that were stopped. It returns when every job is delivered; run again, it delivers the rest. Jobs keep running when the terminal closes; on other machines, also when this computer is off.';
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy --first 1 --wait    # try one before the others',
    '<%= config.bin %> deploy --snapshot --wait    # uncommitted changes too; follow to the end',
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

  #experiment: Experiment | null = null;
  /** Runs the line of `notify` when the command fails; null: not yet following, or it ran already. */
  #tell: ((problem: Error) => Promise<void>) | null = null;
  #rows: LaunchRows | null = null;

  protected override standing(): string {
    const live = this.#experiment?.deployments.read()?.released === null;
    return live
      ? 'Jobs that were delivered keep running; run the same command again to deliver the rest.'
      : 'Nothing was deployed.';
  }

  async run() {
    const { args, flags } = await this.parse(Deploy);
    const session = this.#session(flags);
    const experiment = await openExperiment(session, this.experimentFolder(args.experiment));
    this.#experiment = experiment;
    warnOfNamesakes(session.notify, experiment.folder, experiment.parameters.experimentName);
    const request: DeployRequest = {
      machines: machinesOf(flags, this.isTerminal),
      target: flags.target ?? (flags.hosts === undefined ? experiment.parameters.target : targetOfHosts),
      only: selectionOf(flags.only ?? [], flags),
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
    const plan = await decide(session, experiment, request);
    this.log(planView(experiment, plan, this.width));
    if (flags.plan) return this.#preview(session, experiment, plan, args.experiment);
    if (isEmpty(plan)) this.log(nothingToRun(plan));
    await this.#launch(session, experiment, request, plan, { ...flags, folder: args.experiment });
    const again = { changed_since_success: sinceJson(plan.since) };
    if (flags['dry-run']) return { conditions: plan.run.map(({ id }) => id), ...again };
    const chosen = chosenWords(flags);
    if (flags.wait) {
      const rest = { ...request, force: false, pin: plan.pin, maxMachines: plan.maxMachines };
      const how = { ...flags, chosen, folder: args.experiment };
      return { ...(await this.#follow(session, experiment, rest, how)), ...again };
    }
    if (plan.problems.length > 0) process.exitCode = 1;
    this.warnOf(plan.silent);
    const at = flags.snapshot || flags.commit ? ['--commit', plan.pin.commit.slice(0, 10)] : [];
    const status = await observe(session, experiment);
    this.next(args.experiment, ...linesAfterLaunch(status, at, chosen));
    return { ...statusJson(status, experiment.runs), ...again };
  }

  /** The session whose progress is shown in the rows of the launch. */
  #session(flags: Parameters<BaseCommand['session']>[0]): Session {
    const session = this.session(flags);
    const place = (name: string, step: Step) => this.#rows?.show(name, step);
    return { ...session, notify: { ...session.notify, place } };
  }

  async #preview(session: Session, experiment: Experiment, plan: DeployPlan, folder: string) {
    const text = await preview(session, experiment, plan);
    this.log(text.trim());
    this.next(folder, ownLine('deploy', ['--dry-run']), ownLine('deploy'));
    return { plan: text, conditions: plan.run.map(({ id }) => id) };
  }

  async #launch(
    session: Session,
    experiment: Experiment,
    request: DeployRequest,
    plan: DeployPlan,
    flags: LaunchFlags,
  ): Promise<void> {
    const how = {
      yes: flags.yes || flags['dry-run'] || !launches(plan),
      isTerminal: this.isTerminal,
      ends: false,
      // With every word that was typed: the proposed line must do the same.
      line: ownLine(
        'deploy',
        this.argv.filter((word) => word !== flags.folder),
      ),
    };
    if (!(await confirm('Run these?', how))) throw new UserError('Nothing was deployed.');
    if (flags.wait) this.#tell = (problem) => this.#notice(session, experiment, flags, problem);
    const waiting = () => session.notify.note(lockIsHeld);
    // Also if only jobs that were recorded earlier are left to deliver.
    if (launches(plan) && plan.offers.some(({ place }) => !place.here))
      this.#rows = new LaunchRows(await this.screen.live(), this.screen.stream);
    const launched = deployOrJoin(session, experiment, request, plan, waiting);
    const problems = await launched.finally(() => this.#rows?.done());
    this.warnOf(problems);
  }

  async #follow(
    session: Session,
    experiment: Experiment,
    request: DeployRequest,
    { chosen, folder, notify, 'keep-failed': keepFailed }: FollowFlags,
  ) {
    const chores = waitChores(session, experiment, request);
    const { status, interrupted } = await followLive(session, experiment, this.screen, { chores });
    if (interrupted) {
      const commit = status.deployment?.commit.slice(0, 10) ?? 'HEAD';
      const rejoin = ownLine('deploy', ['--wait', '--commit', commit, ...chosen]);
      this.screen.write(`\nThe jobs keep running. To rejoin them:\n  ${textOf(rejoin, folder)}\n`);
      process.exitCode = 130;
      return statusJson(status, experiment.runs);
    }
    await chores.settled();
    const collected = await collect(session, experiment, { only: null, runs: runsElsewhere(experiment) });
    const problems = [...collected.problems, ...(await giveBackAtEnd(session, experiment, keepFailed))];
    this.warnOf(problems);
    if (!this.liveIsResult) {
      const { objective } = experiment.parameters;
      const view = {
        width: this.width,
        height: Number.POSITIVE_INFINITY,
        now: session.now(),
        objective,
      };
      this.log(statusView({ ...status, conditions: status.conditions.filter(isOfSweep) }, view));
    }
    process.exitCode = allSucceeded(status) && problems.length === 0 ? 0 : 1;
    this.#tell = null;
    await this.#notice(session, experiment, { notify }, status);
    this.next(folder, ...nextLines(status, chosen));
    return statusJson(status, experiment.runs);
  }

  async #notice(
    session: Session,
    { parameters, folder }: Experiment,
    { notify }: Pick<LaunchFlags, 'notify'>,
    how: ExperimentStatus | Error,
  ): Promise<void> {
    const of = { verb: 'deploy', experiment: parameters.experimentName, folder } as const;
    const end = how instanceof Error ? endByProblem(of, how) : endOfSweep(of, how);
    await giveNotice(session, notify ?? this.settings.notify, end);
  }

  protected override async catch(error: Error & { exitCode?: number; code?: string }): Promise<void> {
    const tell = error.code === 'EEXIT' || this.interrupt.signal.aborted ? null : this.#tell;
    this.#tell = null;
    await tell?.(error);
    return super.catch(error);
  }
}
