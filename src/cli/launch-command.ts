import { type OwnLine, ownLine, UserError } from '../errors.js';
import { type DeployPlan, decide } from '../operations/deploy/decide.js';
import { deployOrJoin, isEmpty, launches } from '../operations/deploy/deploy-or-join.js';
import { preview } from '../operations/deploy/preview.js';
import type { DeployRequest } from '../operations/deploy/request.js';
import { collect, runsElsewhere } from '../operations/end/collect.js';
import type { Experiment } from '../operations/experiment.js';
import { giveBackAtEnd } from '../operations/follow/reconcile.js';
import { waitChores } from '../operations/follow/wait-chores.js';
import { observe } from '../operations/look/observe.js';
import { allSucceeded, type ExperimentStatus, isOfSweep } from '../operations/look/rows.js';
import type { Session } from '../operations/session.js';
import type { Step } from '../targets/target.js';
import { BaseCommand } from './base-command.js';
import { linesAfterLaunch, lockIsHeld, nextLines, nothingToRun } from './deploy-view.js';
import { endByProblem, endOfSweep, giveNotice } from './end-notice.js';
import { followLive } from './follow-view.js';
import { LaunchRows } from './launch-view.js';
import { planView } from './plan-view.js';
import { confirm } from './prompts.js';
import { sinceJson } from './since-view.js';
import { statusJson } from './status-json.js';
import { statusView } from './status-view.js';
import { textOf } from './suggestions.js';

/** How a launch was asked for. */
export interface LaunchFlags {
  readonly yes: boolean;
  readonly 'dry-run': boolean;
  readonly wait: boolean;
  readonly plan?: boolean;
  readonly notify?: string | undefined;
  readonly 'keep-failed': boolean;
  /** The experiment's folder as typed. */
  readonly folder: string;
  /** The words that chose its conditions, for lines that are proposed. */
  readonly chosen: readonly string[];
  /** The words that chose its commit. */
  readonly at: (plan: DeployPlan) => readonly string[];
}

/** What the verbs that launch a sweep share: the question, the rows of the launch, and following it. */
export abstract class LaunchCommand extends BaseCommand {
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

  /** Decides, asks, launches and, with `wait`, follows. @returns what --json prints */
  protected async launch(
    session: Session,
    experiment: Experiment,
    request: DeployRequest,
    flags: LaunchFlags,
  ) {
    this.#experiment = experiment;
    const { folder, chosen } = flags;
    const plan = await decide(session, experiment, request);
    this.log(planView(experiment, plan, this.width));
    if (flags.plan) return this.#preview(session, experiment, plan, folder);
    if (isEmpty(plan)) this.log(nothingToRun(plan));
    await this.#launch(session, experiment, request, plan, flags);
    const again = { changed_since_success: sinceJson(plan.since) };
    if (flags['dry-run']) return { conditions: plan.run.map(({ id }) => id), ...again };
    if (flags.wait) {
      const rest = { ...request, force: false, pin: plan.pin, maxMachines: plan.maxMachines };
      return { ...(await this.#follow(session, experiment, rest, flags)), ...again };
    }
    if (plan.survey.problems.length > 0) process.exitCode = 1;
    this.warnOf(plan.silent);
    const status = await observe(session, experiment);
    this.next(folder, ...this.proposed(linesAfterLaunch(status, flags.at(plan), chosen)));
    return { ...statusJson(status, experiment.runs), ...again };
  }

  /** The session whose progress is shown in the rows of the launch. */
  protected launchSession(flags: Parameters<BaseCommand['session']>[0]): Session {
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
      verb: 'deploy',
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
    { chosen, folder, notify, 'keep-failed': keepFailed }: LaunchFlags,
  ) {
    const chores = waitChores(session, experiment, request);
    const { status, interrupted } = await followLive(session, experiment, this.screen, { chores });
    if (interrupted) {
      const rejoin = this.rejoins(status, chosen);
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
      const view = { width: this.width, height: Number.POSITIVE_INFINITY, now: session.now(), objective };
      this.log(statusView({ ...status, conditions: status.conditions.filter(isOfSweep) }, view));
    }
    process.exitCode = allSucceeded(status) && problems.length === 0 ? 0 : 1;
    this.#tell = null;
    await this.#notice(session, experiment, { notify }, status);
    this.next(folder, ...this.proposed(nextLines(status, chosen)));
    return statusJson(status, experiment.runs);
  }

  /** The lines to go on with, of those after a deploy. */
  protected proposed(lines: readonly OwnLine[]): readonly OwnLine[] {
    return lines;
  }

  /** The line that follows a launch which goes on without us. */
  protected rejoins({ deployment }: ExperimentStatus, chosen: readonly string[]): OwnLine {
    const commit = deployment?.commit.slice(0, 10) ?? 'HEAD';
    return ownLine('deploy', ['--wait', '--commit', commit, ...chosen]);
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
