import { ownLine, UserError } from '../../errors.js';
import type { Connection } from '../../machines/connection.js';
import { type Needs, needsOfSource } from '../../machines/lacks.js';
import { count } from '../../phrases.js';
import type { Recipe } from '../../recipe/recipe.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import type { Io } from '../../shell/process.js';
import { signInAfter } from '../../tools/aws/sign-in.js';
import { Unreachable } from '../../tools/ssh/unreachable.js';
import { buildHere } from '../build-here.js';
import type { TargetContext } from '../context.js';
import type {
  Bundle,
  CollectedJob,
  Collecting,
  Finding,
  JobAccess,
  LaunchedJob,
  Need,
  Offer,
  PlacedRun,
  PlaceProblem,
  Rental,
  Survey,
  SurveyRequest,
  Target,
} from '../target.js';
import { AwsAccount } from './account.js';
import { examineAws } from './examine.js';
import { AwsInstances } from './life/instances.js';
import { AwsMachines } from './life/machines.js';
import { AwsStarter } from './life/start.js';
import { kindOf } from './offer/kind.js';
import { mostByQuota, quotaLine } from './offer/quota.js';
import { machineFor } from './offer/survey.js';
import { type AwsPlace, awsMachine, machinesOf, sharedPlace } from './place.js';
import { AwsRental } from './rental.js';
import { type Applied, refuseOtherStack, waiting, withApplied, withSshCidr } from './stack/plan.js';
import { isFinal } from './stack/progress.js';
import { AwsStack } from './stack/stack.js';

/** EC2 instances, one per condition, created and terminated by Terraform. Once they exist, they are machines over
 * SSH. */
export class AwsTarget implements Target {
  readonly name = 'aws';
  readonly pace = 500;
  readonly holding = null;
  readonly needs: ReadonlySet<Need> = new Set<Need>(['ssh', 'key']);
  readonly rental: Rental;
  readonly #account = new AwsAccount();
  readonly #instances: AwsInstances;
  readonly #machines: AwsMachines;
  readonly #starter: AwsStarter;

  constructor(private readonly context: TargetContext) {
    this.#instances = new AwsInstances(context, this.#account);
    this.#machines = new AwsMachines(this.#instances);
    this.#starter = new AwsStarter(context, this.#account, this.#instances);
    const stackOf = (deployment: Deployment) => this.#stackOf(deployment);
    this.rental = new AwsRental(context, this.#account, this.#instances, this.#starter, stackOf);
  }

  async survey({ parameters, conditions, undelivered, joins }: SurveyRequest): Promise<Survey> {
    const docker = parameters.remoteDockerCommand;
    if (conditions.length + undelivered.length === 0) return { offers: [], problems: [], docker };
    const kind = await kindOf(this.context, this.#account, parameters);
    const existing = joins?.places.map(awsMachine) ?? [];
    const before = sharedPlace(existing);
    if (before) refuseOtherStack(before, kind.own);
    const again = undelivered.map((job): Offer => {
      const known = existing.find(({ name }) => name === job.place);
      const found = machineFor(job.condition, kind, parameters.gpus);
      return known?.own.instance ? { ...found, place: known } : found;
    });
    const fresh = conditions.map((id) => machineFor(id, kind, parameters.gpus));
    const offers = [...fresh, ...again];
    const { quota, notes } = kind;
    const most = quota && mostByQuota(quota, joins?.id ?? null);
    const isShort = quota && most !== null && most < offers.length;
    const short = isShort ? [quotaLine(quota, joins?.id ?? null)] : [];
    return { offers, problems: [], docker, most, notes: [...short, ...notes] };
  }

  placed(deployment: Deployment, place: Place, run: string, recipe: Recipe, bundle: Bundle): PlacedRun {
    return this.#instances.places.placed(deployment, place, run, recipe, bundle);
  }

  async launch(
    live: LiveDeployment,
    jobs: readonly LaunchedJob[],
    bundle: Bundle,
    io: Io,
  ): Promise<readonly PlaceProblem[]> {
    await buildHere(this.context, bundle, jobs, io);
    const launching = new Set(jobs.map(({ place }) => place));
    const needs = needsOf(bundle);
    live.write(withSshCidr(live.now, bundle.parameters.aws.sshCidr));
    const stack = await this.#stackOf(live.now);
    const programs = needs.largeFiles ? ['git-lfs'] : [];
    const applied = await stack.apply(live, { launching, programs });
    live.write(withApplied(live.now, applied, launching));
    this.#instances.recordIsCurrent();
    await stack.untracked.endLate(machinesOf(live.now)).catch((error: unknown) => this.#tell(error));
    for (const text of applied.other) this.context.note(`Terraform: ${text}`);
    const later = waiting(applied, launching);
    if (later.size > 0) this.context.note(waitLine(live.now, later, applied));
    const unstarted = await this.#startStopped(live, launching, applied.sshCidr);
    const isLeft = (name: string) => !later.has(name) && !unstarted.some(({ place }) => place === name);
    const left = new Set([...launching].filter(isLeft));
    return [...unstarted, ...(await this.#deliver(live.now, left, jobs, bundle, applied, needs))];
  }

  /** A machine to which no job came has stopped by itself. */
  async #startStopped(
    live: LiveDeployment,
    launching: ReadonlySet<string>,
    sshCidr: string,
  ): Promise<readonly PlaceProblem[]> {
    if (this.context.executor.dryRun) return [];
    this.#account.forgetInstances();
    const outcomes = await this.#instances.outcomes(live.now);
    const stopped = [...launching].filter((name) => outcomes.get(name) === 'stopped');
    return stopped.length === 0 ? [] : this.#starter.start(live, new Set(stopped), sshCidr);
  }

  async #deliver(
    now: Deployment,
    launching: ReadonlySet<string>,
    jobs: readonly LaunchedJob[],
    bundle: Bundle,
    applied: Applied,
    needs: Needs,
  ): Promise<readonly PlaceProblem[]> {
    const { places } = this.#instances;
    const wanted = now.places.map(awsMachine).filter(({ name }) => launching.has(name));
    const isDelivered = (place: Place, connection: Connection) => this.#starter.armEnds(place, connection);
    if (this.context.executor.dryRun) return places.deliver(now, wanted, bundle, jobs, { isDelivered });
    const isReady = (place: Place) => this.#starter.untilReady(place, now.docker, applied.sshCidr, needs);
    const reached = wanted.filter(({ own }) => own.address !== null);
    const problems = await places.deliver(now, reached, bundle, jobs, { isReady, isDelivered });
    const missing = wanted.filter(({ own }) => own.address === null);
    return [
      ...missing.map(({ name, own }) => ({
        place: name,
        ...(own.instance === null ? notCreated(name, applied, this.context.env) : withoutAddress(name, own)),
      })),
      ...problems,
    ];
  }

  /** Warns of a problem that the next deploy handles. */
  #tell(error: unknown): void {
    if (!(error instanceof UserError)) throw error;
    this.context.note(error.message);
  }

  look(deployment: Deployment, runs: ReadonlySet<string>, end: number) {
    return this.#machines.look(deployment, runs, end);
  }

  revive(deployment: Deployment, places: ReadonlySet<string>) {
    return this.#machines.revive(deployment, places);
  }

  stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number) {
    return this.#machines.stop(deployment, runs, grace);
  }

  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    return this.#machines.collect(deployment, jobs, how);
  }

  async release(live: LiveDeployment, names: ReadonlySet<string>): Promise<readonly PlaceProblem[]> {
    const machines = machinesOf(live.now);
    const leaving = new Set(machines.map(({ name }) => name).filter((name) => names.has(name)));
    if (leaving.size === 0) return [];
    try {
      const stack = await this.#stackOf(live.now);
      if (leaving.size === machines.length) await stack.destroy(live);
      else {
        await stack.apply(live, { leaving, rule: 'as it is' });
        await stack.untracked.endOf(leaving);
      }
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return [...leaving].map((place) => ({ place, problem: error }));
    }
  }

  job(deployment: Deployment, run: string): JobAccess {
    return this.#machines.job(deployment, run);
  }

  /** @throws AwsRefused, OtherAccount */
  #stackOf(deployment: Deployment): Promise<AwsStack> {
    return AwsStack.open(this.context, this.#account, this.#instances.places.ways.access, deployment);
  }

  examine({ parameters }: Pick<SurveyRequest, 'parameters'>): Promise<readonly Finding[]> {
    return examineAws(this.context, this.#account, parameters);
  }
}

const needsOf = ({ source, secrets }: Bundle): Needs => ({
  ...needsOfSource(source),
  secrets: secrets.length > 0,
  // As many as the slots of each machine say.
  gpus: true,
});

/** AWS lets no more machines exist at a time. */
function waitLine({ max_places = 0 }: Deployment, later: ReadonlySet<string>, { failed }: Applied): string {
  const [first = ''] = later;
  const others = later.size === 1 ? 'The other condition waits' : `The other ${later.size} conditions wait`;
  return `AWS lets ${count(max_places, 'machine')} exist at a time now (${failed.get(first)?.text}). ${others} for a machine: under deploy --wait, or until the next deploy.`;
}

/** It runs and cannot be reached. Its own timer ends it. */
function withoutAddress(name: string, { instance, subnet, region }: AwsPlace): Omit<PlaceProblem, 'place'> {
  const problem = new Unreachable(name, `is running (${instance}) but got no public address`, [
    ownLine('terminate', [], 'then deploy again, in another subnet'),
    `aws --region ${region} ec2 describe-subnets --query 'Subnets[].[SubnetId,MapPublicIpOnLaunch]'    # its own is ${subnet?.id ?? 'a default one'}`,
  ]);
  return { problem, isFinal: true };
}

function notCreated(
  name: string,
  { failed, other }: Applied,
  env: NodeJS.ProcessEnv,
): Omit<PlaceProblem, 'place'> {
  const failure = failed.get(name);
  const why = failure?.text ?? other[0] ?? 'Terraform gives no reason';
  const problem = new Unreachable(name, `was not created: ${why}`, [
    ...signInAfter(why, env),
    failure?.refused
      ? ownLine('deploy', ['--retry-failed'], 'later, or with another aws_instance_type or aws_subnet_id')
      : ownLine('deploy', [], 'tries again'),
  ]);
  return { problem, isFinal: failure ? failure.isFinal : other.some(isFinal) };
}
