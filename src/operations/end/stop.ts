import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import type { Selection } from '../../experiment/select.js';
import { formerName } from '../../machines/former-name.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import type { RunRecord } from '../../runs/record.js';
import type { PlaceProblem } from '../../targets/target.js';
import { chosenRows } from '../look/chosen.js';
import { observe } from '../look/observe.js';
import { type ConditionStatus, type ExperimentStatus, isOpen, placeNameOf } from '../look/rows.js';
import { type ExperimentRecords, targetOf, thisComputer } from '../records.js';
import type { Session } from '../session.js';

/** A job has not ended on request. */
class NotEnded extends UserError {
  constructor(condition: string, why: string) {
    const [kind, host = ''] = why.split(':');
    super(`${condition} has not ended: ${reasonOf(why)}.`, [
      ownLine('status', [], 'its present state'),
      ...(kind === 'elsewhere' ? [formerName(host, 'its machine')] : []),
      ownLine('stop', [condition], 'again'),
    ]);
  }
}

/** @param why the runner's reason: see `stop` in templates/machine/runner/stop.sh */
function reasonOf(why: string): string {
  const [kind = '', host] = why.split(':');
  if (kind === 'elsewhere') return `${host} runs it`;
  if (kind === 'missing') return 'its job folder is gone';
  if (kind === 'full') return 'the disk is full';
  if (kind === 'engine') return 'Docker does not answer';
  return `it is still ${kind || 'running'}`;
}

export interface StopResult {
  /** The state afterwards. */
  readonly status: ExperimentStatus;
  /** Conditions that have ended, as seen afterwards. */
  readonly stopped: readonly string[];
  readonly problems: readonly PlaceProblem[];
}

/** Stops the jobs of the selected conditions: SIGTERM, then SIGKILL. Their data and machines stay. It holds the
 * deployment's lock: otherwise a launch could deliver a stopped job again.
 * @param grace seconds between SIGTERM and SIGKILL */
export function stop(
  session: Session,
  records: ExperimentRecords,
  wanted: Selection,
  grace: number,
  waiting: () => void,
): Promise<StopResult> {
  return records.deployments.locked(async (live) => {
    const before = await observe(session, records);
    const open = chosenRows(before, wanted).filter(isOpen);
    const problems = await stopRows(session, records, before, open, grace);
    const status = await observe(session, records);
    const still = new Set(status.conditions.filter(isOpen).map(({ record }) => record?.id));
    const stopped = open.filter(({ record }) => session.executor.dryRun || !still.has(record?.id));
    if (!session.executor.dryRun) noteStopped(live, stopped);
    const failed = new Set(problems.map(({ place }) => place));
    // Still running, and no place has reported why.
    const silent = open.filter((row) => !stopped.includes(row) && !failed.has(placeNameOf(before, row)));
    const more = silent.map((row) => ({
      place: placeNameOf(before, row),
      problem: new NotEnded(row.condition, ''),
    }));
    return { status, stopped: stopped.map((row) => row.condition), problems: [...problems, ...more] };
  }, waiting);
}

/** Records the stopped conditions: later deployments do not run them without --retry-stopped. */
function noteStopped(live: LiveDeployment, rows: readonly ConditionStatus[]): void {
  const runs = rows.flatMap(({ deployed, record }) => (deployed && record ? [record.id] : []));
  if (runs.length > 0) live.write({ ...live.now, stopped: [...(live.now.stopped ?? []), ...runs] });
}

/** Stops the jobs of these rows. @returns unreachable places, and jobs that did not end */
export async function stopRows(
  session: Session,
  records: ExperimentRecords,
  { deployment, silent }: ExperimentStatus,
  rows: readonly ConditionStatus[],
  grace: number,
): Promise<readonly PlaceProblem[]> {
  const { dryRun } = session.executor;
  const reachable = rows.filter((row) => !row.silent);
  if (reachable.length > 0 && !dryRun) {
    const jobs = reachable.length === 1 ? 'one job' : `${reachable.length} jobs`;
    session.notify.step(`Stopping ${jobs}: SIGTERM now, SIGKILL after ${grace} s.`);
  }
  // An interrupted launch recorded these without delivering them: there is no job to stop, only a record to end.
  const undelivered = reachable.filter((row) => row.deployed && !row.report?.state);
  for (const { record } of dryRun ? [] : undelivered)
    if (record) records.runs.write(endedBy(record, 'stopped', 'user', session.now()));
  const delivered = reachable.filter((row) => !undelivered.includes(row));
  const unheard = silent.filter(({ place }) => rows.some((row) => row.silent?.place === place));
  const runsOf = (deployed: boolean) =>
    delivered.filter((row) => row.deployed === deployed).flatMap(({ record }) => record?.id ?? []);
  await stopHere(session, records, runsOf(false), grace);
  const theirs = new Set(runsOf(true));
  if (!deployment || theirs.size === 0) return unheard;
  const { problems, notEnded } = await (await targetOf(session, records, deployment)).stop(
    deployment,
    theirs,
    grace,
  );
  const left = deployment.jobs.flatMap(({ run, condition, place }): PlaceProblem[] => {
    const why = notEnded.get(run);
    return why === undefined ? [] : [{ place, problem: new NotEnded(condition, why) }];
  });
  return [...unheard, ...problems, ...left];
}

/** Stops jobs of `run`, which are on this computer and in no queue. */
async function stopHere(
  session: Session,
  { deployments }: ExperimentRecords,
  runs: readonly string[],
  grace: number,
): Promise<void> {
  const folders = runs.map((run) => join(deployments.jobs, run)).filter((folder) => existsSync(folder));
  if (folders.length > 0) await thisComputer(session).stop(null, grace, folders);
}

/** The receipt of a run that was ended from here. */
export const endedBy = (
  record: RunRecord,
  state: 'stopped' | 'lost',
  reason: string,
  at: Date,
): RunRecord => ({
  ...record,
  state,
  reason,
  times: { ...record.times, [state]: at.toISOString() },
});
