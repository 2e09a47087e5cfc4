import { join } from 'node:path';
import { type DataSize, sizeBelow } from '../../runs/data-size.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import type { PlaceProblem } from '../../targets/target.js';
import { isHere, observe } from '../look/observe.js';
import type { ExperimentStatus } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';
import { jobsToCollect, judgeCollected, problemsOf } from './choose.js';
import { startMachines, stopMachines } from './start-machines.js';

export interface CollectRequest {
  /** Collects only this path below data/; null: all. */
  readonly only: string | null;
  /** Only these runs. Default: all. */
  readonly runs?: ReadonlySet<string>;
  readonly progress?: (place: string, text: string) => void;
}

interface Collector {
  /** A fresh look; default: looks now. */
  readonly seen?: ExperimentStatus | undefined;
  /** Given by a caller that holds the lock. */
  readonly live?: LiveDeployment;
}

/** Collects the results that the deployment's jobs have written so far. If a place fails, the others are still
 * collected.
 * @returns the state before it, with updated receipts, and the problems */
export async function collect(
  session: Session,
  records: ExperimentRecords,
  request: CollectRequest,
  { seen, live }: Collector = {},
): Promise<{
  status: ExperimentStatus;
  /** Receipts of the runs that were completely collected now, and of those found lost. */
  settled: readonly RunRecord[];
  problems: readonly PlaceProblem[];
}> {
  const before = seen ?? (await observe(session, records));
  const starting = await startMachines(session, records, before, { wanted: request.runs, live });
  const { started } = starting;
  let status = before;
  try {
    if (started.size > 0) status = await observe(session, records);
    const { problems, judged } = await collectFrom(session, records, status, request);
    // Why a machine could not be started says more than that it is stopped.
    const unstarted = new Map(starting.problems.map((one) => [one.place, one]));
    const conditions = status.conditions.map((row) => ({
      ...row,
      record: judged.get(row.record?.id ?? '') ?? row.record,
    }));
    const settled = [...judged.values()].filter(
      (record) => record.state === 'lost' || isCollected(records.runs, record),
    );
    return {
      status: { ...status, conditions },
      settled,
      problems: problems.map((one) => unstarted.get(one.place) ?? one),
    };
  } finally {
    await stopMachines(session, records, status, started);
  }
}

/** The same, after a look; starts no machine. @returns changed receipts, by run, and the problems */
export async function collectFrom(
  session: Session,
  records: ExperimentRecords,
  { deployment, silent, conditions }: ExperimentStatus,
  {
    only,
    runs: wanted = null,
    progress = () => {},
  }: Omit<CollectRequest, 'runs'> & { runs?: ReadonlySet<string> | null },
): Promise<{ judged: ReadonlyMap<string, RunRecord>; problems: readonly PlaceProblem[] }> {
  const judged = new Map<string, RunRecord>();
  if (deployment?.released !== null) return { judged, problems: [] };
  const { runs } = records;
  const known = new Map(conditions.flatMap(({ record }) => (record ? [[record.id, record]] : [])));
  const recordOf = (run: string) => known.get(run) ?? runs.readOrNull(run);
  const isComplete = (record: RunRecord) => isUntouched(runs, record);
  if (!session.executor.dryRun) runs.refuseLinks();
  const jobs = jobsToCollect({ deployment, wanted, silent, recordOf, isComplete });
  const target = await targetOf(session, records, deployment);
  const result = await target.collect(deployment, jobs, { only, progress });
  if (only === null && !session.executor.dryRun) {
    const { collected, lost } = judgeCollected(deployment, jobs, result);
    const note = (run: string, change: (record: RunRecord) => RunRecord) => {
      const record = recordOf(run);
      if (!record) return;
      const next = change(record);
      if (next !== record) runs.write(next);
      judged.set(run, next);
    };
    for (const { run } of collected) note(run, (record) => asCollected(session, runs, record));
    for (const { run, condition } of lost) {
      note(run, (record) => asLost(session, record));
      session.notify.warn(
        `The results of ${condition} are lost: they went with its machine or its folder there.`,
      );
    }
  }
  return { judged, problems: problemsOf(deployment.jobs, wanted, silent, result.problems) };
}

/** Runs of the deployment whose results may not be complete here. */
export function runsElsewhere({ deployments, runs }: ExperimentRecords): Set<string> {
  const jobs = deployments.read()?.jobs ?? [];
  return new Set(
    jobs.flatMap(({ run }) => {
      const record = runs.readOrNull(run);
      return record && isCollected(runs, record) ? [] : [run];
    }),
  );
}

const isCollected = (runs: RunStore, record: RunRecord): boolean =>
  hasEnded(record) && record.collected !== null && isHere(runs, record);

/** The run was collected completely, and its data is still here. */
function isUntouched(runs: RunStore, record: RunRecord): boolean {
  if (!record.collected_data || !isCollected(runs, record)) return false;
  const now = dataHere(runs, record.id);
  const { files, bytes } = record.collected_data;
  return now !== null && now.files === files && now.bytes === bytes;
}

function asCollected({ now }: Session, runs: RunStore, record: RunRecord): RunRecord {
  const collected = record.collected ?? now().toISOString();
  return { ...record, collected, collected_data: dataHere(runs, record.id) ?? record.collected_data };
}

/** Its results are lost, however it ended. */
function asLost({ now }: Session, record: RunRecord): RunRecord {
  if (record.state === 'lost' || record.collected !== null) return record;
  return {
    ...record,
    state: 'lost',
    reason: 'gone',
    times: { ...record.times, lost: now().toISOString() },
  };
}

/** The size of a run's data here; null: none. */
function dataHere(runs: RunStore, run: string): DataSize | null {
  try {
    return sizeBelow(join(runs.pathOf(run), 'data'));
  } catch {
    return null;
  }
}
