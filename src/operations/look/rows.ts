import type { UserError } from '../../errors.js';
import type { JobReport } from '../../machines/job-state.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { jobOf, placeOf } from '../../runs/placement.js';
import { hasBegun, hasEnded, type RunRecord, withState } from '../../runs/record.js';
import type { EndedJob } from '../../targets/target.js';

// Pure: what is known, made into rows.

/** One condition as it stands: its run in the deployment until that is over, or else its newest one, or none. */
export interface ConditionStatus {
  readonly condition: string;
  readonly record: RunRecord | null;
  readonly report: JobReport | null;
  /** It belongs to the deployment made last. */
  readonly deployed: boolean;
  /** parameters.json has it now. */
  readonly inFile: boolean;
  /** Its place does not answer; null: it does, or there is nothing to ask. */
  readonly silent: Silence | null;
}

/** A place that does not answer. */
export interface Silence {
  readonly place: string;
  readonly since: Date;
  /** What happened, and what mends it. */
  readonly problem: UserError;
  /** It has stopped, with all that is on its disk, and can be started again. */
  readonly canStart: boolean;
}

export interface ExperimentStatus {
  /** The deployment made last; null: none yet. */
  readonly deployment: Deployment | null;
  /** Jobs of the deployment have yet to end. */
  readonly live: boolean;
  readonly conditions: readonly ConditionStatus[];
  /** Places of the deployment that do not answer. */
  readonly silent: readonly Silence[];
}

export interface Known {
  readonly deployment: Deployment | null;
  /** Ids of parameters.json's conditions, in its order. */
  readonly inFile: readonly string[];
  /** The run that each condition is judged by. */
  readonly current: ReadonlyMap<string, RunRecord>;
  /** What runners say, by run. */
  readonly heard: ReadonlyMap<string, JobReport>;
  /** Jobs whose end their target knows and no runner can tell, by run. */
  readonly ended: ReadonlyMap<string, EndedJob>;
  readonly silent: readonly Silence[];
  readonly now: Date;
}

/** The rows, receipts brought up to date by what was heard. */
export function rowsOf({ deployment, inFile, current, heard, ended, silent, now }: Known): ExperimentStatus {
  const file = new Set(inFile);
  const deployed = new Map(deployment?.jobs.map((job) => [job.run, job]));
  const silences = new Map(silent.map((one) => [one.place, one]));
  const conditions = inOrder(inFile, deployment?.jobs ?? [], current).map((condition): ConditionStatus => {
    const recorded = current.get(condition) ?? null;
    const report = recorded ? (heard.get(recorded.id) ?? null) : null;
    const record = recorded && updated(recorded, report, ended.get(recorded.id), now);
    const job = record && !hasEnded(record) ? deployed.get(record.id) : undefined;
    return {
      condition,
      record,
      report,
      deployed: record !== null && deployed.has(record.id),
      inFile: file.has(condition),
      silent: (job && silences.get(job.place)) ?? null,
    };
  });
  const live = deployment?.released === null && conditions.some((row) => row.deployed && isOpen(row));
  return { deployment, live, conditions, silent };
}

/** It has a run that has yet to end. */
export const isOpen = ({ record }: Pick<ConditionStatus, 'record'>): boolean =>
  record !== null && !hasEnded(record);

/** Whether it is of the file or of the deployment, rather than tried out by `run` alone. */
export const isOfSweep = (row: ConditionStatus): boolean => row.inFile || row.deployed;

/** The conditions that a deployment is judged by: those of it that parameters.json has, or that have yet to end. */
export const judged = (status: ExperimentStatus): readonly ConditionStatus[] =>
  status.conditions.filter((row) => row.deployed && (row.inFile || isOpen(row)));

export const allSucceeded = (status: ExperimentStatus): boolean =>
  judged(status).every((row) => row.record?.state === 'succeeded');

/** Of the deployment's conditions, how many have ended. */
export function progressOf(status: ExperimentStatus): { ended: number; of: number } {
  const rows = judged(status);
  return { ended: rows.filter((row) => !isOpen(row)).length, of: rows.length };
}

/** The name of the place where the row's job is; '' for one of `run`. */
export const placeNameOf = ({ deployment }: ExperimentStatus, { record }: ConditionStatus): string =>
  (deployment && jobOf(deployment, record?.id)?.place) ?? '';

/** The run that each condition is judged by: the newest. What was tried with `run` meanwhile hides no job of a deployment
 *  of which any has yet to end, or has left something that is not here.
 *  @param recordOf the receipt of a deployed run */
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
  // The target's word on an end counts where the runner can say no more.
  const heard = report?.state ? withState(record, report.state) : record;
  // It was removed there: no runner will say how it ends, and no other may run it again under the same id.
  if (report?.missing && hasBegun(record) && !hasEnded(record))
    return { ...record, state: 'lost', reason: 'gone', times: { ...record.times, lost: now.toISOString() } };
  if (!end || hasEnded(heard)) return heard;
  return { ...heard, ...end, times: { ...heard.times, [end.state]: now.toISOString() } };
}

/** Conditions of the file first, in its order; then those that only ran: deployed, or by `run`. */
const inOrder = (
  inFile: readonly string[],
  jobs: readonly DeployedJob[],
  current: ReadonlyMap<string, RunRecord>,
): string[] => [...new Set([...inFile, ...jobs.map((job) => job.condition), ...current.keys()])];
