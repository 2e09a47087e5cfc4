import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import { namedOneByOne } from '../../experiment/select.js';
import { needsOfSource } from '../../machines/lacks.js';
import { earlierFingerprint, fingerprint, type Recipe } from '../../recipe/recipe.js';
import { type Ingredients, recipeOf } from '../../recipe/recipe-of.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { existing } from '../../runs/placement.js';
import type { CameFrom } from '../../runs/record.js';
import { checkoutOf } from '../../source/checkout.js';
import type { Pin } from '../../source/pin.js';
import type { PlaceProblem } from '../../targets/target.js';
import type { Checkout } from '../../tools/git/check-out.js';
import { type Experiment, ingredientsOf } from '../experiment.js';
import { observe } from '../look/observe.js';
import { type ConditionStatus, type ExperimentStatus, isOpen, neverBegan } from '../look/rows.js';
import { targetCalled } from '../records.js';
import type { Session } from '../session.js';
import { attemptsBefore, mayHaveState } from './continue.js';
import { least, limitsOf, NothingRented, NothingWaits, resumed } from './limits.js';
import { type Placement, placementOf } from './placement.js';
import {
  isRetry,
  LiveAtAnotherCommit,
  NothingToRetry,
  type Planned,
  planDeployment,
  retriedBy,
  stoppedBefore,
  withoutGood,
} from './plan.js';
import { type DeployRequest, pinFor, wantedConditions } from './request.js';
import { readSecrets } from './secrets.js';
import { compareSuccesses, type Since } from './since.js';
import { refuseOtherDeployments } from './standing.js';
import { type Surveyed, surveyed } from './surveyed.js';

/** A deployment that is decided and not yet started. */
export interface DeployPlan extends Planned, Placement {
  readonly pin: Pin;
  /** Why it is deployed: the message of this command, or else of the live deployment; null: none. */
  readonly message: string | null;
  /** Why succeeded conditions run again. */
  readonly since: readonly Since[];
  /** The checkout of the commit on this computer. */
  readonly source: Checkout;
  readonly ingredients: Ingredients;
  readonly target: string;
  /** What was found of places; `offers` are what is left of its own. */
  readonly survey: Surveyed;
  /** Unreachable rented places of the live deployment: no other place can take their jobs. */
  readonly silent: readonly PlaceProblem[];
  /** The deployment that the conditions join; null: a new one. */
  readonly joins: Deployment | null;
  /** The attempts from whose state conditions continue: run ids by condition. */
  readonly after: ReadonlyMap<string, string>;
  /** How many of these attempts have left something in /data/state, as far as is known here. */
  readonly continuing: number;
  /** Jobs of that deployment that were recorded but, after a crash, not delivered. */
  readonly undelivered: readonly DeployedJob[];
  /** Held places that shall start waiting jobs again. */
  readonly resumes: ReadonlySet<string>;
  /** The limits that the deployment will have. */
  readonly limits: Pick<Deployment, 'max_failures' | 'forgiven'>;
  /** Earlier runs of the same code that `stop` ended. */
  readonly stopped: readonly string[];
  /** So many rented machines may exist at a time; null: any number. */
  readonly maxMachines: number | null;
  readonly cameFrom: ReadonlyMap<string, CameFrom>;
  readonly keepFailed: boolean;
  readonly onlyDelivers: boolean;
}

/** The recipe of a condition of the plan. */
export const recipeIn = ({ ingredients }: Pick<DeployPlan, 'ingredients'>, condition: Condition): Recipe =>
  recipeOf(ingredients, condition);

/** No place can run the jobs. */
class NoMachine extends UserError {
  constructor(problems: readonly PlaceProblem[]) {
    super(
      [
        'None of the machines can run jobs now:',
        ...problems.map(({ problem }) => `  ${problem.message}`),
      ].join('\n'),
      [...new Set(problems.flatMap(({ problem }) => problem.suggestions)), ownLine('doctor', ['--hosts'])],
    );
  }
}

/** Decides what a deployment would do, after a look (`observe`, which updates receipts and restarts stalled queues).
 * Changes nothing else but, with `--snapshot`, git's objects.
 * @throws NoConditions, UnknownCondition, WrongWhere, NoSuchCode, DirtyTree, UnknownCommit, LiveAtAnotherCommit,
 * NothingToRetry, NothingWaits, NothingRented, NotInCommit, NoMachine; what `survey` of the target throws
 * @param before an earlier plan of the same commit: what is in a commit never changes, and a survey counts for a moment */
export async function decide(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  before?: Pick<DeployPlan, 'ingredients' | 'source' | 'survey'>,
): Promise<DeployPlan> {
  const { parameters } = experiment;
  refuseOtherDeployments(experiment.deployments);
  experiment.runs.refuseLinks();
  readSecrets(parameters.secrets, session.env);
  const wanted = wantedConditions(experiment, request);
  const status = await observe(session, experiment);
  const last = status.deployment;
  if (isRetry(request.retry) && !last) throw new NothingToRetry(request.retry);
  const pin = await pinFor(session, experiment, request, { live: status.live ? last : null, last });
  const ingredients = await ingredientsOf(session, experiment, pin, {
    live: false,
    image: before?.ingredients.image,
  });
  const joins = joinable(status, ingredients, request, pin);
  const planned = await planOf(experiment, request, { wanted, ingredients, joins, status });
  // The id differs if a submodule has been checked out since, or removed.
  const isSame = before?.ingredients.sourceId === ingredients.sourceId;
  const source = before && isSame ? before.source : await checkoutOf(experiment.project, pin.commit);
  const undelivered = status.live && joins ? undeliveredOf(joins, status, request) : [];
  const target = await targetCalled(session, request.target, experiment);
  if (request.maxMachines !== null && !target.rental) throw new NothingRented(target.name);
  const asked = {
    parameters,
    ...request.machines,
    slots: request.slots,
    source: needsOfSource(source),
    conditions: planned.run.map(({ id }) => id),
    joins,
    undelivered,
  };
  const survey = await surveyed(target, asked, session.now, before?.survey);
  const { offers, problems, most = null } = survey;
  const maxMachines = least(request.maxMachines ?? target.rental?.mostMachines(parameters) ?? null, most);
  const machines = (joins ? existing(joins).length : 0) + planned.run.length + undelivered.length;
  if (request.maxFailures !== null && !target.holding && machines <= (maxMachines ?? machines))
    throw new NothingWaits(target.name, machines, request.maxFailures);
  if (offers.length === 0 && planned.run.length > 0) throw new NoMachine(problems);
  const placement = placementOf({
    offers,
    joins,
    rows: status.conditions,
    planned: planned.run.map(({ id }) => id),
    now: session.now(),
  });
  const rented = new Set(joins?.places.filter((place) => place.rented).map(({ name }) => name));
  return {
    ...planned,
    ...placement,
    ...{ pin, source, ingredients, survey, joins, undelivered },
    message: request.message ?? joins?.message ?? null,
    target: request.target,
    cameFrom: request.cameFrom ?? planned.retries,
    maxMachines,
    keepFailed: request.keepFailed,
    onlyDelivers: request.onlyDelivers ?? false,
    resumes: resumed(status, joins, request),
    limits: limitsOf(status, joins, request),
    stopped: stoppedBefore(status.deployment, ingredients.sourceId),
    silent: status.silent.filter(({ place }) => rented.has(place)),
  };
}

/** The live deployment that gets the jobs; null: a new one is made. @throws LiveAtAnotherCommit */
function joinable(
  { deployment: last, live }: ExperimentStatus,
  { sourceId }: Ingredients,
  { target }: DeployRequest,
  pin: Pin,
): Deployment | null {
  if (!last) return null;
  const isSame = last.source_id === sourceId && last.target === target;
  if (live && !isSame) throw new LiveAtAnotherCommit(last, pin.commit);
  return isSame && last.released === null ? last : null;
}

interface Decided extends Planned, Pick<DeployPlan, 'since' | 'after' | 'continuing'> {
  readonly retries: DeployPlan['cameFrom'];
}

async function planOf(
  experiment: Experiment,
  { force, retry, only, onlyDelivers, freshState }: DeployRequest,
  {
    wanted,
    ingredients,
    joins,
    status,
  }: {
    readonly wanted: readonly Condition[];
    readonly ingredients: Ingredients;
    readonly joins: Deployment | null;
    readonly status: ExperimentStatus;
  },
): Promise<Decided> {
  const runs = experiment.runs.summaries().found;
  const fingerprints = (condition: Condition) => {
    const recipe = recipeOf(ingredients, condition);
    return [fingerprint(recipe), earlierFingerprint(recipe)];
  };
  const planned = planDeployment({
    conditions: wanted,
    fingerprints,
    runs,
    deployed: new Set((isRetry(retry) ? status.deployment : joins)?.jobs.map(({ run }) => run)),
    stopped: new Set(stoppedBefore(status.deployment, ingredients.sourceId)),
    named: new Set(namedOneByOne(experiment.conditions, only).map(({ id }) => id)),
    live: status.live,
    force,
    retry,
  });
  const attempts = (run: readonly Condition[]) => {
    const after = freshState ? new Map<string, string>() : attemptsBefore(run, runs, fingerprints);
    const continuing = [...after.values()].filter((one) => mayHaveState(experiment.runs, one)).length;
    return { after, continuing };
  };
  const retries = isRetry(retry) ? retriedBy(planned.run, runs) : new Map();
  if (onlyDelivers) return { ...planned, retries, run: [], since: [], ...attempts([]) };
  if (force || isRetry(retry)) return { ...planned, retries, since: [], ...attempts(planned.run) };
  const { good, since } = await compareSuccesses(experiment, ingredients, planned.run, runs);
  const left = withoutGood(planned, good);
  return { ...left, retries, since, ...attempts(left.run) };
}

/** Jobs that were recorded and that no machine has, as far as is known. Those that wait for another `deploy` are left to
 * it. */
function undeliveredOf(
  { jobs }: Deployment,
  { conditions }: ExperimentStatus,
  { onlyDelivers }: DeployRequest,
): readonly DeployedJob[] {
  const missing = new Set(
    conditions
      .filter((row) => isOpen(row) && (isUnheard(row) || neverBegan(row)) && !(onlyDelivers && row.held))
      .map(({ record }) => record?.id),
  );
  return jobs.filter(({ run }) => missing.has(run));
}

const isUnheard = ({ report, silent }: ConditionStatus): boolean => !report?.state && !silent;
