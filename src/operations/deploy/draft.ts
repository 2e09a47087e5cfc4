import { randomBytes } from 'node:crypto';
import type { Deployment, Place } from '../../runs/deployment.js';
import type { Experiment } from '../experiment.js';
import type { Session } from '../session.js';
import type { DeployPlan } from './decide.js';

/** The deployment as it will be, without its new jobs. */
export const draftDeployment = (
  session: Session,
  { parameters, path, parametersText }: Experiment,
  plan: DeployPlan,
): Deployment => ({
  schema: 2,
  id: plan.joins?.id ?? newId(session.now()),
  experiment: plan.joins?.experiment ?? parameters.experimentName,
  experiment_path: plan.joins?.experiment_path ?? path,
  target: plan.target,
  commit: plan.joins?.commit ?? plan.pin.commit,
  source_id: plan.ingredients.sourceId,
  created: plan.joins?.created ?? session.now().toISOString(),
  released: null,
  message: plan.message,
  places: placesOf(plan),
  docker: plan.joins?.docker ?? plan.survey.docker,
  parameters_file: parametersText,
  jobs: plan.joins?.jobs ?? [],
  ...plan.limits,
  ...(plan.onlyDelivers && plan.joins?.max_places !== undefined && { max_places: plan.joins.max_places }),
  ...(plan.stopped.length > 0 && { stopped: plan.stopped }),
});

/** The current places of the live deployment, and the new ones. */
function placesOf({ offers, joins, assigned, moves }: DeployPlan): Place[] {
  const before = joins?.places ?? [];
  const used = new Set(
    [...before, ...[...assigned, ...moves.map(({ to }) => to)].map(({ place }) => place)].map(
      ({ name }) => name,
    ),
  );
  const now = offers.map(({ place }) => place);
  const unheard = before.filter(({ name }) => !now.some((one) => one.name === name));
  return [...now.filter(({ name }) => used.has(name)), ...unheard];
}

/** Sorts by time; also part of the names of the deployment's resources. */
const newId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}-${randomBytes(3).toString('hex')}`;
