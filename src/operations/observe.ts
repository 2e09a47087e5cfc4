import type { Condition } from '../experiment/condition.js';
import { here } from '../machines/connection.js';
import type { JobReport } from '../machines/job-state.js';
import { Machine } from '../machines/machine.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { hasEnded, type RunRecord, withState } from '../runs/run-record.js';
import { type Experiment, runnerTemplate, targetOf } from './experiment.js';
import type { Session } from './session.js';

/** One condition as it stands: its newest run, or none. */
export interface ConditionStatus {
  readonly condition: string;
  readonly record: RunRecord | null;
  readonly report: JobReport | null;
  /** It belongs to the deployment made last. */
  readonly deployed: boolean;
  /** parameters.json has it now. */
  readonly inFile: boolean;
}

/** Whether it is of the file or of the deployment, rather than tried out by `run` alone. */
export const isOfSweep = (row: ConditionStatus): boolean => row.inFile || row.deployed;

export interface ExperimentStatus {
  /** The deployment made last; null: none yet. */
  readonly deployment: Deployment | null;
  /** Jobs of the deployment have yet to end. */
  readonly live: boolean;
  readonly conditions: readonly ConditionStatus[];
}

/** How every condition stands; receipts are brought up to date on the way.
 *  @param ended what was heard of jobs at their end, by folder: they are not asked about again, and new ones added. */
export async function observe(
  session: Session,
  experiment: Experiment,
  ended = new Map<string, JobReport>(),
): Promise<ExperimentStatus> {
  const { runs, deployments, parameters } = experiment;
  const deployment = deployments.read();
  const reports = new Map(ended);
  if (deployment && deployment.released === null) {
    const target = targetOf(session, experiment, deployment.target);
    const open = deployment.jobs.filter((job) => !ended.has(job.folder));
    const told = open.length > 0 ? await target.status({ ...deployment, jobs: open }) : [];
    for (const report of told) reports.set(report.folder, report);
  }
  const newest = runs.newest();
  await addFinishedHere(session, experiment, newest, reports);
  for (const report of reports.values()) {
    if (report.state && hasEnded(report.state)) ended.set(report.folder, report);
  }

  const inFile = new Set(parameters.conditions.map(({ id }) => id));
  const jobs = new Map(deployment?.jobs.map((job) => [job.run, job]));
  const conditions = inOrder(parameters.conditions, newest, deployment?.jobs ?? []).map((condition) => {
    const record = newest.get(condition) ?? null;
    const report = record ? reports.get(jobs.get(record.id)?.folder ?? runs.pathOf(record.id)) : undefined;
    return {
      condition,
      record: record && report ? update(session, experiment, record, report) : record,
      report: report ?? null,
      deployed: record !== null && jobs.has(record.id),
      inFile: inFile.has(condition),
    };
  });
  const live =
    deployment !== null &&
    deployment.released === null &&
    conditions.some((row) => row.deployed && row.record !== null && !hasEnded(row.record));
  return { deployment, live, conditions };
}

/** A receipt that cannot be written now is brought up to date by the next look: whoever only looks, may. */
function update({ notify }: Session, { runs }: Experiment, record: RunRecord, report: JobReport): RunRecord {
  if (!report.state) return record;
  const updated = withState(record, report.state);
  if (JSON.stringify(updated) === JSON.stringify(record)) return updated;
  try {
    runs.write(updated);
  } catch (error) {
    notify.warn(`The receipt of ${record.id} is not up to date: ${(error as Error).message}`);
  }
  return updated;
}

/** Runs that no live deployment speaks of are asked about here: their job folder is their run's. One that lost
 *  its runner, in a crash, gets another. */
async function addFinishedHere(
  session: Session,
  { runs }: Experiment,
  newest: ReadonlyMap<string, RunRecord>,
  reports: Map<string, JobReport>,
): Promise<void> {
  const missing = [...newest.values()]
    .map((record) => runs.pathOf(record.id))
    .filter((path) => !reports.has(path));
  if (missing.length === 0) return;
  const machine = new Machine(session.executor, here(''), runnerTemplate(session));
  for (const report of (await machine.report(null, missing)).jobs) {
    reports.set(report.folder, report);
    if (report.orphan) await machine.resume(report.folder);
  }
}

/** Conditions of the file first, in its order; then those that only ran: deployed, or by `run`. */
function inOrder(
  inFile: readonly Condition[],
  newest: ReadonlyMap<string, RunRecord>,
  jobs: readonly DeployedJob[],
): string[] {
  return [...new Set([...inFile.map(({ id }) => id), ...jobs.map((job) => job.condition), ...newest.keys()])];
}
