import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import { fingerprint, type Recipe } from '../../recipe/recipe.js';
import { type Ingredients, recipeOf } from '../../recipe/recipe-of.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { checkoutOf } from '../../source/checkout.js';
import type { Pin } from '../../source/pin.js';
import type { PlaceProblem } from '../../targets/target.js';
import type { Checkout } from '../../tools/git/lines.js';
import { type Experiment, ingredientsOf } from '../experiment.js';
import { observe } from '../look/observe.js';
import { type ExperimentStatus, isOpen } from '../look/rows.js';
import { targetCalled } from '../records.js';
import type { Session } from '../session.js';
import { type Placement, placementOf } from './placement.js';
import { LiveAtAnotherCommit, NothingToRetry, type Planned, planDeployment } from './plan.js';
import { type DeployRequest, pinFor, wantedConditions } from './request.js';
import { readSecrets } from './secrets.js';
import { refuseOtherDeployments } from './standing.js';

/** A deployment that is decided on and not yet begun. */
export interface DeployPlan extends Planned, Placement {
  readonly pin: Pin;
  /** Where everything that belongs to the commit is here. */
  readonly source: Checkout;
  readonly ingredients: Ingredients;
  readonly target: string;
  /** Places that are no help. */
  readonly problems: readonly PlaceProblem[];
  /** Rented places of the deployment that is joined that do not answer: no other can take their jobs. */
  readonly silent: readonly PlaceProblem[];
  /** The docker command there. */
  readonly docker: string;
  /** The deployment that the conditions join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that were recorded and not delivered, a crash being between. */
  readonly undelivered: readonly DeployedJob[];
}

/** The recipe of a condition of the plan. */
export const recipeIn = ({ ingredients }: Pick<DeployPlan, 'ingredients'>, condition: Condition): Recipe =>
  recipeOf(ingredients, condition);

/** There are jobs, and no place that could run them. */
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

/** Decides what a deployment would do. Changes nothing but, with `--snapshot`, git's objects.
 *  @throws NoConditions, DirtyTree, LiveAtAnotherCommit, NothingToRetry, NotInCommit, NoMachine */
export async function decide(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
): Promise<DeployPlan> {
  const { parameters } = experiment;
  refuseOtherDeployments(experiment.deployments);
  experiment.runs.refuseLinks();
  readSecrets(parameters.secrets, session.env);
  const wanted = wantedConditions(experiment, request);
  const status = await observe(session, experiment);
  const last = status.deployment;
  if (request.retryFailed && !last) throw new NothingToRetry();
  const pin = await pinFor(session, experiment, request, { live: status.live ? last : null, last });
  const ingredients = await ingredientsOf(experiment, pin, { live: false });
  const joins = joinable(status, ingredients, request, pin);
  const planned = planOf(experiment, request, { wanted, ingredients, joins, status });
  const source = await checkoutOf(experiment.project, pin.commit);
  const undelivered = status.live && joins ? undeliveredOf(joins, status) : [];
  const target = await targetCalled(session, request.target, experiment);
  const { offers, problems, docker } = await target.survey({
    parameters,
    ...request.machines,
    slots: request.slots,
    largeFiles: [source, ...source.submodules].some(({ lfs }) => lfs !== null),
    conditions: planned.run.map(({ id }) => id),
    joins,
    undelivered,
  });
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
    ...{ pin, source, ingredients, problems, docker, joins, undelivered },
    target: request.target,
    silent: status.silent.filter(({ place }) => rented.has(place)),
  };
}

/** The deployment that is added to; null: a new one is made. @throws LiveAtAnotherCommit */
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

function planOf(
  { runs }: Experiment,
  { force, retryFailed, onlyDelivers }: DeployRequest,
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
): Planned {
  const planned = planDeployment({
    conditions: wanted,
    fingerprint: (condition) => fingerprint(recipeOf(ingredients, condition)),
    runs: runs.summaries().found,
    deployed: new Set((retryFailed ? status.deployment : joins)?.jobs.map(({ run }) => run)),
    live: status.live,
    force,
    retryFailed,
  });
  return onlyDelivers ? { ...planned, run: [] } : planned;
}

/** Jobs that were written down, and of which no machine says that it has them. */
function undeliveredOf({ jobs }: Deployment, { conditions }: ExperimentStatus): readonly DeployedJob[] {
  const missing = new Set(
    conditions.flatMap((row) => (isOpen(row) && !row.report?.state && !row.silent ? [row.record?.id] : [])),
  );
  return jobs.filter(({ run }) => missing.has(run));
}
