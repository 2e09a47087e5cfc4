import { UserError } from '../errors.js';
import type { DeployedMachine, Deployment } from '../runs/deployment.js';
import { hasEnded, type RunRecord } from '../runs/run-record.js';
import type { MachineProblem } from '../targets/target.js';
import { collect } from './collect.js';
import type { Experiment } from './experiment.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** Rented machines that nobody needs any more: all of their jobs have ended, and what those left is here.
 *  @param records by run id. @param keepFailed those of failed jobs are looked at by a person first */
export function finishedMachines(
  { machines, jobs }: Deployment,
  records: (run: string) => RunRecord | null,
  keepFailed: boolean,
): DeployedMachine[] {
  const isDone = (run: string) => {
    const record = records(run);
    if (!record || !hasEnded(record) || !record.collected) return false;
    return !keepFailed || record.state !== 'failed' || record.reason === 'capacity';
  };
  return machines.filter(
    (machine) =>
      machine.cloud !== undefined &&
      machine.released === null &&
      jobs.some((job) => job.machine === machine.name) &&
      jobs.filter((job) => job.machine === machine.name).every(({ run }) => isDone(run)),
  );
}

/** Gives back the rented machines whose data is home. Safe to repeat. */
export async function releaseFinished(
  session: Session,
  experiment: Experiment,
  keepFailed: boolean,
): Promise<readonly MachineProblem[]> {
  const { deployments, runs } = experiment;
  const deployment = deployments.read();
  if (deployment?.released !== null) return [];
  const finished = finishedMachines(deployment, (run) => runs.read(run), keepFailed);
  return finished.length === 0 ? [] : releaseMachines(session, experiment, deployment, finished);
}

/** Releases machines of the deployment, and writes down which of them are gone: also the deployment, with the last. */
export async function releaseMachines(
  session: Session,
  experiment: Experiment,
  deployment: Deployment,
  leaving: readonly DeployedMachine[],
): Promise<readonly MachineProblem[]> {
  const { deployments } = experiment;
  const target = targetOf(session, experiment, deployment.target);
  const problems = await target.release(deployment, leaving);
  const left = new Set(problems.map(({ machine }) => machine));
  const now = session.now().toISOString();
  const machines = deployment.machines.map((machine) =>
    leaving.includes(machine) && !left.has(machine.name) ? { ...machine, released: now } : machine,
  );
  const isLast = machines.every(({ released }) => released !== null);
  deployments.write({ ...deployment, machines, released: isLast ? now : null });
  return problems;
}

/** Machines at AWS that others are to take the place of. */
export const machinesInTheWay = (
  { machines }: Deployment,
  names: ReadonlySet<string>,
): readonly DeployedMachine[] =>
  machines.filter(({ name, released, cloud }) => names.has(name) && released === null && cloud?.instance);

/** Makes way for machines that take the place of others: brings home what those have left, and gives them back.
 *  @throws UserError if something could not be brought home, or given back */
export async function makeWay(
  session: Session,
  experiment: Experiment,
  deployment: Deployment,
  names: ReadonlySet<string>,
): Promise<void> {
  const inTheWay = machinesInTheWay(deployment, names);
  if (inTheWay.length === 0) return;
  const runs = new Set(
    deployment.jobs
      .filter(({ machine }) => inTheWay.some(({ name }) => name === machine))
      .map(({ run }) => run),
  );
  const { problems } = await collect(session, experiment, { only: null, runs });
  const failed =
    problems.length > 0 ? problems : await releaseMachines(session, experiment, deployment, inTheWay);
  if (failed.length > 0)
    throw new UserError(
      [
        'Machines that are to be replaced could not be given back:',
        ...failed.map(({ problem }) => `  ${problem.message}`),
      ].join('\n'),
      failed.flatMap(({ problem }) => problem.suggestions),
    );
}
