import { UserError } from '../../errors.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { existing, jobsAt, withReleased } from '../../runs/placement.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import type { PlaceProblem } from '../../targets/target.js';
import { observe } from '../look/observe.js';
import { placeNameOf } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';
import { collect } from './collect.js';

/** Rented places that are no longer needed: all of their jobs have ended and are collected.
 * @param recordOf by run id.
 * @param keepFailed keep places with failed jobs, for the user to look at */
export function finishedPlaces(
  { places, jobs }: Pick<Deployment, 'places' | 'jobs'>,
  recordOf: (run: string) => RunRecord | null,
  keepFailed: boolean,
): readonly Place[] {
  const isDone = (run: string) => {
    const record = recordOf(run);
    if (!record || !hasEnded(record) || record.collected === null) return false;
    return !keepFailed || record.state !== 'failed' || record.reason === 'capacity';
  };
  return places.filter(({ name, rented, released }) => {
    const own = jobsAt(jobs, name);
    return rented !== null && released === null && own.length > 0 && own.every(({ run }) => isDone(run));
  });
}

/** Terminates the rented places whose results are collected. Safe to repeat. */
export async function giveBackFinished(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  keepFailed: boolean,
): Promise<readonly PlaceProblem[]> {
  const deployment = live.last;
  if (deployment?.released !== null) return [];
  const recordOf = (run: string) => records.runs.readOrNull(run);
  const finished = finishedPlaces(deployment, recordOf, keepFailed).map(({ name }) => name);
  return finished.length === 0 ? [] : giveBack(session, records, live, new Set(finished));
}

/** Collects what has ended, and terminates the rented places whose results are then here.
 * @param keepFailed keep places with failed jobs @returns whether there were any */
export async function makeRoom(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  keepFailed: boolean,
): Promise<boolean> {
  const exist = new Set(existing(live.now).map(({ name }) => name));
  if (exist.size === 0) return false;
  const seen = await observe(session, records);
  const runs = new Set(
    seen.conditions.flatMap((row) => {
      const { record, deployed, silent } = row;
      if (!record || !deployed || !exist.has(placeNameOf(seen, row))) return [];
      return hasEnded(record) || silent?.canStart ? [record.id] : [];
    }),
  );
  if (runs.size === 0) return false;
  const { problems } = await collect(session, records, { only: null, runs }, { seen, live });
  const left = await giveBackFinished(session, records, live, keepFailed);
  for (const { problem } of [...problems, ...left]) session.notify.warn(problem.message);
  return true;
}

/** Releases places of the deployment and records it; with the last one, the deployment is released too. */
async function giveBack(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  names: ReadonlySet<string>,
): Promise<readonly PlaceProblem[]> {
  const problems = await (await targetOf(session, records, live.now)).release(live, names);
  const left = new Set(problems.map(({ place }) => place));
  const isGone = ({ name }: Place) => names.has(name) && !left.has(name);
  live.write(withReleased(live.now, isGone, session.now().toISOString()));
  return problems;
}

/** Rented places that must be replaced. */
export const inTheWay = (
  deployment: Pick<Deployment, 'places'>,
  names: ReadonlySet<string>,
): ReadonlySet<string> =>
  new Set(
    existing(deployment)
      .map(({ name }) => name)
      .filter((name) => names.has(name)),
  );

/** Terminates the places that must be replaced, after collecting their results. @throws UserError if a result could not
 * be collected, or a place terminated */
export async function giveBackForOthers(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  names: ReadonlySet<string>,
): Promise<void> {
  const replaced = inTheWay(live.now, names);
  if (replaced.size === 0) return;
  const runs = new Set(live.now.jobs.filter(({ place }) => replaced.has(place)).map(({ run }) => run));
  const { problems } = await collect(session, records, { only: null, runs }, { live });
  const failed = problems.length > 0 ? problems : await giveBack(session, records, live, replaced);
  if (failed.length > 0)
    throw new UserError(
      [
        'Machines that must be replaced could not be terminated:',
        ...failed.map(({ problem }) => `  ${problem.message}`),
      ].join('\n'),
      failed.flatMap(({ problem }) => problem.suggestions),
    );
}
