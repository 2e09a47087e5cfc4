import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { chosenWords, linesAtEnd, lockIsHeld, nothingToRun } from '../cli/deploy-view.js';
import { followLive } from '../cli/follow-view.js';
import { LaunchRows } from '../cli/launch-view.js';
import { machineFlags, machinesOf } from '../cli/machine-flags.js';
import { planView } from '../cli/plan-view.js';
import { confirm } from '../cli/prompts.js';
import { statusJson } from '../cli/status-json.js';
import { statusView } from '../cli/status-view.js';
import { textOf } from '../cli/suggestions.js';
import { ownLine, UserError } from '../errors.js';
import { type DeployPlan, decide } from '../operations/deploy/decide.js';
import { deployOrJoin, isEmpty } from '../operations/deploy/deploy-or-join.js';
import { preview } from '../operations/deploy/preview.js';
import type { DeployRequest } from '../operations/deploy/request.js';
import { collect, runsElsewhere } from '../operations/end/collect.js';
import { type Experiment, openExperiment } from '../operations/experiment.js';
import { giveBackAtEnd } from '../operations/follow/reconcile.js';
import { waitChores } from '../operations/follow/wait-chores.js';
import { observe } from '../operations/look/observe.js';
import { allSucceeded, isOfSweep } from '../operations/look/rows.js';
import type { Session } from '../operations/session.js';
import { targetOfHosts } from '../targets/registry.js';
import type { Step } from '../targets/target.js';

export default class Deploy extends BaseCommand {
  static override summary = 'Run all conditions, pinned to a commit.';
  static override description =
    'Takes a clean working tree (parameters.json may differ: it is configuration), or --snapshot or --commit. Conditions that have succeeded with the same code and arguments are skipped. It returns when every job is delivered; repeated, it delivers the rest. The jobs need nobody to stay.';
  static override examples = [
    '<%= config.bin %> deploy',
    '<%= config.bin %> deploy --first 1 --wait    # try one before the others',
    '<%= config.bin %> deploy --snapshot --wait    # the tree as it is, to the end',
    '<%= config.bin %> deploy --retry-failed',
    '<%= config.bin %> deploy --dry-run',
    '<%= config.bin %> deploy --target aws --plan    # what Terraform would make',
  ];
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
      description: 'how many conditions run at a time on a machine; default: what it bears',
    }),
    plan: Flags.boolean({
      description: 'on aws: show what Terraform would do, and do nothing',
      exclusive: ['wait', 'dry-run'],
    }),
    wait: Flags.boolean({
      char: 'w',
      description: 'follow to the end; exit code 1 if any condition did not succeed',
    }),
    'keep-failed': Flags.boolean({
      description: 'with --wait on aws: do not give back the machines of failed conditions',
      dependsOn: ['wait'],
    }),
    first: Flags.integer({ helpValue: 'N', min: 1, description: 'only the first N conditions' }),
    only: Flags.string({
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      description: 'only this condition, by the beginning of its id; may be repeated',
    }),
    'retry-failed': Flags.boolean({
      description: 'run the failed and the lost again, at the deployment’s commit',
      exclusive: ['commit', 'snapshot'],
    }),
    force: Flags.boolean({ description: 'run also what has succeeded already' }),
    commit: Flags.string({
      helpValue: 'COMMIT',
      description: 'run this commit, whatever the working tree holds',
      exclusive: ['snapshot'],
    }),
    snapshot: Flags.boolean({ description: 'run the working tree as it is, as a commit beside your branch' }),
  };

  #experiment: Experiment | null = null;
  #rows: LaunchRows | null = null;

  protected override standing(): string {
    const live = this.#experiment?.deployments.read()?.released === null;
    return live
      ? 'What is deployed goes on; the same line again delivers what is missing.'
      : 'Nothing was deployed.';
  }

  async run() {
    const { args, flags } = await this.parse(Deploy);
    const session = this.#session(flags['dry-run']);
    const experiment = await openExperiment(session, args.experiment);
    this.#experiment = experiment;
    const request: DeployRequest = {
      machines: machinesOf(flags, this.isTerminal),
      target: flags.target ?? (flags.hosts === undefined ? experiment.parameters.target : targetOfHosts),
      only: flags.only ?? [],
      first: flags.first ?? null,
      slots: flags.slots ?? null,
      commit: flags.commit ?? null,
      snapshot: flags.snapshot,
      force: flags.force,
      retryFailed: flags['retry-failed'],
      pin: null,
    };
    const plan = await decide(session, experiment, request);
    this.log(planView(experiment, plan, this.width));
    if (flags.plan) return this.#preview(session, experiment, plan, args.experiment);
    if (isEmpty(plan)) this.log(nothingToRun(plan));
    await this.#launch(session, experiment, request, plan, { ...flags, folder: args.experiment });
    if (flags['dry-run']) return { dry_run: true, conditions: plan.run.map(({ id }) => id) };
    const chosen = chosenWords(flags);
    if (flags.wait) {
      const again = { ...request, force: false, pin: plan.pin };
      return this.#follow(session, experiment, again, { ...flags, chosen, folder: args.experiment });
    }
    if (plan.problems.length > 0) process.exitCode = 1;
    this.warnOf(plan.silent);
    const at = flags.snapshot || flags.commit ? ['--commit', plan.pin.commit.slice(0, 10)] : [];
    this.next(
      args.experiment,
      ownLine('status', ['--watch']),
      ownLine('logs', ['-f']),
      ownLine('deploy', ['--wait', ...at, ...chosen]),
      ownLine('terminate'),
    );
    return statusJson(await observe(session, experiment));
  }

  /** It shows how far places are, in the rows of the launch. */
  #session(dryRun: boolean): Session {
    const session = this.session({ dryRun });
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
    flags: { readonly yes: boolean; readonly 'dry-run': boolean; readonly folder: string },
  ): Promise<void> {
    const how = {
      yes: flags.yes || flags['dry-run'] || isEmpty(plan),
      isTerminal: this.isTerminal,
      // With all that was typed: without it, the line would be another one.
      line: ownLine(
        'deploy',
        this.argv.filter((word) => word !== flags.folder),
      ),
    };
    if (!(await confirm('Run these?', how))) throw new UserError('Nothing was deployed.');
    const waiting = () => session.notify.note(lockIsHeld);
    // Also where all that is left to do is to deliver what was recorded before.
    if (!isEmpty(plan) && plan.offers.some(({ place }) => !place.here))
      this.#rows = new LaunchRows(await this.screen.live(), this.screen.stream);
    const launched = deployOrJoin(session, experiment, request, plan, waiting);
    const problems = await launched.finally(() => this.#rows?.done());
    this.warnOf(problems);
  }

  async #follow(
    session: Session,
    experiment: Experiment,
    request: DeployRequest,
    {
      chosen,
      folder,
      'keep-failed': keepFailed,
    }: { readonly chosen: readonly string[]; readonly folder: string; readonly 'keep-failed': boolean },
  ) {
    const chores = waitChores(session, experiment, request, keepFailed);
    const { status, interrupted } = await followLive(session, experiment, this.screen, chores);
    if (interrupted) {
      const commit = status.deployment?.commit.slice(0, 10) ?? 'HEAD';
      const rejoin = ownLine('deploy', ['--wait', '--commit', commit, ...chosen]);
      this.screen.write(`\nThe jobs run on. To rejoin them:\n  ${textOf(rejoin, folder)}\n`);
      this.exit(130);
    }
    await chores.settled();
    const collected = await collect(session, experiment, { only: null, runs: runsElsewhere(experiment) });
    const problems = [...collected.problems, ...(await giveBackAtEnd(session, experiment, keepFailed))];
    this.warnOf(problems);
    if (!this.liveIsResult) {
      const view = { width: this.width, height: Number.POSITIVE_INFINITY, now: session.now() };
      this.log(statusView({ ...status, conditions: status.conditions.filter(isOfSweep) }, view));
    }
    process.exitCode = allSucceeded(status) && problems.length === 0 ? 0 : 1;
    this.next(folder, ...linesAtEnd(status, chosen));
    return statusJson(status);
  }
}
