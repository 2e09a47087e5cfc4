import type { UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Hold, JobReport } from '../../machines/job-state.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { jobOf, placeOf } from '../../runs/placement.js';
import { hasBegun, hasEnded, type RunRecord, withState } from '../../runs/record.js';
import type { EndedJob } from '../../targets/target.js';

// Pure: makes rows from records and reports.

/** The state of one condition: its run in a live deployment, or else its newest run, or none. */
export interface ConditionStatus {
  readonly condition: string;
  /** Its arguments; null: neither parameters.json nor a receipt has them. */
  readonly given: Pick<Condition, 'argv' | 'parameters'> | null;
  readonly record: RunRecord | null;
  readonly report: JobReport | null;
  /** It belongs to the last deployment. */
  readonly deployed: boolean;
  /** parameters.json has it now. */
  readonly inFile: boolean;
  /** Its place is unreachable; null: it is reachable, or was not polled. */
  readonly silent: Silence | null;
  /** It waits at a held place; null: it does not. */
  readonly held: Hold | null;
}

/** An unreachable place. */
export interface Silence {
  readonly place: string;
  readonly since: Date;
  /** What happened, and the remedy. */
  readonly problem: UserError;
  /** It is stopped with its disk kept, and can be started again. */
  readonly canStart: boolean;
}

/** Its machine stopped before the job began, perhaps before it was brought: it is delivered again. */
export const neverBegan = ({ record, silent }: ConditionStatus): boolean =>
  record?.state === 'pending' && silent?.canStart === true;

export interface ExperimentStatus {
  /** The last deployment; null: none yet. */
  readonly deployment: Deployment | null;
  /** The deployment has open jobs. */
  readonly live: boolean;
  readonly conditions: readonly ConditionStatus[];
  /** Unreachable places of the deployment. */
  readonly silent: readonly Silence[];
}

export interface Known {
  readonly deployment: Deployment | null;
  /** parameters.json's conditions, in its order. */
  readonly inFile: readonly Pick<Condition, 'id' | 'argv' | 'parameters'>[];
  /** The run that each condition is judged by. */
  readonly current: ReadonlyMap<string, RunRecord>;
  /** Reports of runners, by run. */
  readonly heard: ReadonlyMap<string, JobReport>;
  /** Jobs whose end the target knows and no runner can report, by run. */
  readonly ended: ReadonlyMap<string, EndedJob>;
  readonly silent: readonly Silence[];
  /** Held places, by name. */
  readonly held: ReadonlyMap<string, Hold>;
  readonly now: Date;
}

/** The rows, with receipts updated by the reports. */
export function rowsOf({
  deployment,
  inFile,
  current,
  heard,
  ended,
  silent,
  held,
  now,
}: Known): ExperimentStatus {
  const file = new Map(inFile.map((condition) => [condition.id, condition]));
  const deployed = new Map(deployment?.jobs.map((job) => [job.run, job]));
  const silences = new Map(silent.map((one) => [one.place, one]));
  const conditions = inOrder([...file.keys()], deployment?.jobs ?? [], current).map(
    (condition): ConditionStatus => {
      const recorded = current.get(condition) ?? null;
      const report = recorded ? (heard.get(recorded.id) ?? null) : null;
      const record = recorded && updated(recorded, report, ended.get(recorded.id), now);
      const job = record && !hasEnded(record) ? deployed.get(record.id) : undefined;
      return {
        condition,
        given: record?.recipe.condition ?? file.get(condition) ?? null,
        record,
        report,
        deployed: record !== null && deployed.has(record.id),
        inFile: file.has(condition),
        silent: (job && silences.get(job.place)) ?? null,
        held: (job && report?.state?.state === 'pending' && held.get(job.place)) || null,
      };
    },
  );
  const live = deployment?.released === null && conditions.some((row) => row.deployed && isOpen(row));
  return { deployment, live, conditions, silent };
}

/** It has a run that has not ended. */
export const isOpen = ({ record }: Pick<ConditionStatus, 'record'>): boolean =>
  record !== null && !hasEnded(record);

/** Whether it is in the file or the deployment; otherwise only `run` has run it. */
export const isOfSweep = (row: ConditionStatus): boolean => row.inFile || row.deployed;

/** The conditions that count for the result of a deployment: those that are in parameters.json or have not ended. */
export const judged = (status: ExperimentStatus): readonly ConditionStatus[] =>
  status.conditions.filter((row) => row.deployed && (row.inFile || isOpen(row)));

export const allSucceeded = (status: ExperimentStatus): boolean =>
  judged(status).every((row) => row.record?.state === 'succeeded');

/** How many of the deployment's conditions have ended. */
export function progressOf(status: ExperimentStatus): { ended: number; of: number } {
  const rows = judged(status);
  return { ended: rows.filter((row) => !isOpen(row)).length, of: rows.length };
}

/** The name of the place where the row's job is; '' for one of `run`. */
export const placeNameOf = ({ deployment }: ExperimentStatus, { record }: ConditionStatus): string =>
  (deployment && jobOf(deployment, record?.id)?.place) ?? '';

/** The run that each condition is judged by: the newest. A newer run of `run` does not hide the job of a deployment
 * that has open jobs or results that are not collected.
 * @param recordOf the receipt of a deployed run */
export function currentRuns(
  newest: ReadonlyMap<string, RunRecord>,
  deployment: Deployment | null,
  recordOf: (run: string) => RunRecord | null,
): Map<string, RunRecord> {
  if (deployment?.released !== null) return new Map(newest);
  const jobs = new Map(deployment.jobs.map((job) => [job.condition, job]));
  const own = [...jobs.values()].flatMap((job) => {
    const known = newest.get(job.condition);
    const record = known?.id === job.run ? known : recordOf(job.run);
    if (!record) return [];
    const { here } = placeOf(deployment, job);
    return [{ record, isOver: hasEnded(record) && (here || record.collected !== null) }];
  });
  if (own.every(({ isOver }) => isOver)) return new Map(newest);
  return new Map([...newest, ...own.map(({ record }): [string, RunRecord] => [record.condition, record])]);
}

function updated(
  record: RunRecord,
  report: JobReport | null,
  end: EndedJob | undefined,
  now: Date,
): RunRecord {
  // The target's report of an end counts only if the runner has none.
  const heard = report?.state ? withState(record, report.state) : record;
  // Its job folder was removed: no runner will report its end, and it may not run again under the same id.
  if (report?.missing && hasBegun(record) && !hasEnded(record))
    return { ...record, state: 'lost', reason: 'gone', times: { ...record.times, lost: now.toISOString() } };
  if (!end || hasEnded(heard)) return heard;
  return { ...heard, ...end, times: { ...heard.times, [end.state]: now.toISOString() } };
}

/** Conditions of the file first, in its order; then the others that were deployed or run. */
const inOrder = (
  inFile: readonly string[],
  jobs: readonly DeployedJob[],
  current: ReadonlyMap<string, RunRecord>,
): string[] => [...new Set([...inFile, ...jobs.map((job) => job.condition), ...current.keys()])];
