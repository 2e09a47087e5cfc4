import { UserError } from '../../errors.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import type { PlaceProblem } from '../../targets/target.js';
import { type ExperimentStatus, isOpen, placeNameOf } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';

export interface StartedMachines {
  /** Those that were started, even unreachable ones: the caller must stop them again. */
  readonly started: ReadonlySet<string>;
  /** Why others were not, or are unreachable. */
  readonly problems: readonly PlaceProblem[];
}

/** Starts stopped machines whose disks have results that are not here.
 * @param wanted the runs that matter; default: all.
 * @param live given by a caller that holds the lock */
export async function startMachines(
  session: Session,
  records: ExperimentRecords,
  { deployment, silent }: ExperimentStatus,
  { wanted, live }: { wanted?: ReadonlySet<string> | undefined; live?: LiveDeployment | undefined } = {},
): Promise<StartedMachines> {
  const { rental } = deployment ? await targetOf(session, records, deployment) : { rental: null };
  if (!deployment || !rental) return { started: new Set(), problems: [] };
  const matter = new Set(
    deployment.jobs.filter(({ run }) => !wanted || wanted.has(run)).map(({ place }) => place),
  );
  const started = new Set(
    silent.filter(({ canStart, place }) => canStart && matter.has(place)).map(({ place }) => place),
  );
  if (started.size === 0) return { started, problems: [] };
  const start = (locked: LiveDeployment) => rental.start(locked, new Set(started), records.parameters);
  const problems = await (live ? start(live) : records.deployments.locked(start, () => {}));
  for (const { place, isOn } of problems) if (!isOn) started.delete(place);
  return { started, problems };
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
