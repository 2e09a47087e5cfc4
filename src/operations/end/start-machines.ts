import { UserError } from '../../errors.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { type ExperimentStatus, isOpen, placeNameOf } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';

/** Starts stopped machines whose disks have results that are not here.
 * @param wanted the runs that matter; default: all.
 * @param live given by a caller that holds the lock.
 * @returns the places that were started, even unreachable ones: the caller must stop them again */
export async function startMachines(
  session: Session,
  records: ExperimentRecords,
  { deployment, silent }: ExperimentStatus,
  { wanted, live }: { wanted?: ReadonlySet<string> | undefined; live?: LiveDeployment | undefined } = {},
): Promise<ReadonlySet<string>> {
  const { rental } = deployment ? await targetOf(session, records, deployment) : { rental: null };
  if (!deployment || !rental) return new Set();
  const matter = new Set(
    deployment.jobs.filter(({ run }) => !wanted || wanted.has(run)).map(({ place }) => place),
  );
  const names = new Set(
    silent.filter(({ canStart, place }) => canStart && matter.has(place)).map(({ place }) => place),
  );
  if (names.size === 0) return names;
  const start = (locked: LiveDeployment) => rental.start(locked, names, records.parameters);
  const problems = await (live ? start(live) : records.deployments.locked(start, () => {}));
  for (const { place, problem, isOn } of problems) {
    if (!isOn) names.delete(place);
    session.notify.warn(problem.message);
  }
  return names;
}

/** Stops started machines again, if they have no open job. */
export async function stopMachines(
  session: Session,
  records: ExperimentRecords,
  status: ExperimentStatus,
  started: ReadonlySet<string>,
): Promise<void> {
  const { deployment, conditions } = status;
  const busy = new Set(conditions.filter(isOpen).map((row) => placeNameOf(status, row)));
  const idle = new Set([...started].filter((place) => !busy.has(place)));
  if (!deployment || idle.size === 0) return;
  try {
    await (await targetOf(session, records, deployment)).rental?.stop(deployment, idle);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Only a warning: everything is collected, and an idle machine stops by itself.
    session.notify.warn(error.message);
  }
}
