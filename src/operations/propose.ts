import { randomBytes } from 'node:crypto';
import type { DeployedMachine, Deployment } from '../runs/deployment.js';
import type { DeployPlan } from './decide-deployment.js';
import type { Experiment } from './experiment.js';
import type { Session } from './session.js';

/** The deployment as it will be, but for the jobs that are new to it. */
export const proposedDeployment = (
  session: Session,
  { parameters, path, parametersText }: Experiment,
  decided: DeployPlan,
): Deployment => ({
  schema: 1,
  id: decided.joins?.id ?? newId(session),
  experiment: parameters.experimentName,
  experiment_path: path,
  target: decided.target,
  commit: decided.joins?.commit ?? decided.pin.commit,
  source_id: decided.facts.sourceId,
  created: decided.joins?.created ?? session.now().toISOString(),
  released: null,
  machines: withFound(decided),
  docker: decided.docker,
  parameters_file: parametersText,
  jobs: decided.joins?.jobs ?? [],
});

/** The machines of the deployment that is joined, as they are now, and those that are new to it. */
function withFound({ found, joins, places, moves }: DeployPlan): DeployedMachine[] {
  const before = joins?.machines ?? [];
  const used = new Set(
    [...before, ...[...places, ...moves.map(({ to }) => to)].map(({ deployed }) => deployed)].map(
      ({ name }) => name,
    ),
  );
  const now = found.map(({ deployed }) => deployed);
  const unheard = before.filter(({ name }) => !now.some((one) => one.name === name));
  return [...now.filter(({ name }) => used.has(name)), ...unheard];
}

/** Sorts by time; also part of the names of what the deployment makes. */
const newId = (session: Session) =>
  `${session.now().toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}-${randomBytes(3).toString('hex')}`;
