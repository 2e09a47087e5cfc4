import { UserError } from '../errors.js';
import type { Deployment } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import type { Experiment } from './experiment.js';
import type { ExperimentStatus } from './observe.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** Starts machines that have stopped with something on their disks that is not here.
 *  @param wanted the runs that matter; left out: all. @returns those that were started, also where they do not answer:
 *  nobody else stops these again */
export async function wake(
  session: Session,
  experiment: Experiment,
  { deployment, silent }: ExperimentStatus,
  wanted?: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (!deployment) return new Set();
  const matter = new Set(
    deployment.jobs.filter(({ run }) => !wanted || wanted.has(run)).map(({ machine }) => machine),
  );
  const names = new Set(
    silent.filter(({ stopped, machine }) => stopped && matter.has(machine)).map(({ machine }) => machine),
  );
  if (names.size === 0) return names;
  const problems = (await targetOf(session, experiment, deployment.target).wake?.(deployment, names)) ?? [];
  for (const { machine, problem, isOn } of problems) {
    if (!isOn) names.delete(machine);
    session.notify.warn(problem.message);
  }
  return names;
}

/** Stops machines again that were started, if nothing is at work on them. */
export async function rest(
  session: Session,
  experiment: Experiment,
  status: ExperimentStatus,
  woken: ReadonlySet<string>,
): Promise<void> {
  const { deployment } = status;
  const idle = new Set([...woken].filter((machine) => deployment && isIdle(deployment, status, machine)));
  if (!deployment || idle.size === 0) return;
  try {
    await targetOf(session, experiment, deployment.target).rest?.(deployment, idle);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // All is home, and the machine stops by itself when it is idle.
    session.notify.warn(error.message);
  }
}

const isIdle = ({ jobs }: Deployment, { conditions }: ExperimentStatus, machine: string): boolean =>
  conditions.every(
    ({ record }) =>
      !record || hasEnded(record) || jobs.find(({ run }) => run === record.id)?.machine !== machine,
  );
