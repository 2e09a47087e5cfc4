import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { UserError } from '../errors.js';
import type { Condition } from '../experiment/condition.js';
import { selectConditions } from '../experiment/select.js';
import { here } from '../machines/connection.js';
import type { JobReport } from '../machines/job-state.js';
import { Machine } from '../machines/machine.js';
import { type DeployedJob, type Deployment, isElsewhere } from '../runs/deployment.js';
import { hasEnded, type RunRecord, withState } from '../runs/run-record.js';
import type { RunStore } from '../runs/run-store.js';
import type { EndedJob, TargetStatus } from '../targets/target.js';
import { type Experiment, runnerTemplate } from './experiment.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** One condition as it stands: its run in the deployment until that is over, or else its newest one, or none. */
export interface ConditionStatus {
  readonly condition: string;
  readonly record: RunRecord | null;
  readonly report: JobReport | null;
  /** It belongs to the deployment made last. */
  readonly deployed: boolean;
  /** parameters.json has it now. */
  readonly inFile: boolean;
  /** Its machine does not answer; null: it does, or nothing is to be asked of it. */
  readonly silent: Silence | null;
}

/** A machine that does not answer. */
export interface Silence {
  readonly machine: string;
  readonly since: Date;
  /** What happened, and what mends it. */
  readonly problem: UserError;
  /** It has stopped, with all that is on its disk, and can be started again. */
  readonly stopped: boolean;
}

/** Rows by condition id or its beginning; none named: all. @throws UserError for one that is not there */
export function chosenRows(status: ExperimentStatus, wanted: readonly string[]): ConditionStatus[] {
  const rows = status.conditions.map((row) => ({ ...row, id: row.condition }));
  return wanted.length === 0 ? rows : [...selectConditions(rows, wanted)];
}

/** Whether it is of the file or of the deployment, rather than tried out by `run` alone. */
export const isOfSweep = (row: ConditionStatus): boolean => row.inFile || row.deployed;

export interface ExperimentStatus {
  /** The deployment made last; null: none yet. */
  readonly deployment: Deployment | null;
  /** Jobs of the deployment have yet to end. */
  readonly live: boolean;
  readonly conditions: readonly ConditionStatus[];
  /** Machines of the deployment that do not answer. */
  readonly silent: readonly Silence[];
}

const nothing: TargetStatus = { reports: new Map(), problems: [] };

export interface ObserveRequest {
  /** What was heard of jobs at their end, by run: they are not asked about again, and new ones are added. */
  readonly ended?: Map<string, JobReport>;
  /** Which jobs of the deployment are asked about; the others stand as they are recorded. Left out: all. A machine
   *  that does not answer takes its time, and whoever is after another need not wait for it. */
  readonly about?: (job: DeployedJob, deployment: Deployment) => boolean;
  /** Whoever brings home what has ended has to know whether its machine still answers. Left out: false. */
  readonly bringsHome?: boolean;
}

/** How every condition stands; receipts are brought up to date on the way. */
export async function observe(
  session: Session,
  experiment: Experiment,
  { ended = new Map(), about = () => true, bringsHome = false }: ObserveRequest = {},
): Promise<ExperimentStatus> {
  const { runs, deployments, parameters } = experiment;
  const deployment = deployments.read();
  const reports = new Map(ended);
  const current = currentRuns(runs, deployment);
  let silent: readonly Silence[] = [];
  let unheard: readonly DeployedJob[] = [];
  if (deployment && deployment.released === null) {
    const target = targetOf(session, experiment, deployment.target);
    const elsewhere = machinesElsewhere(deployment);
    const open = deployment.jobs.filter((job) => {
      if (ended.has(job.run) && !(bringsHome && elsewhere.has(job.machine))) return false;
      // The copy of a job that was moved may still be at work where it was.
      if (job.moved_from !== undefined && !ended.has(job.run)) return true;
      const known = current.get(job.condition);
      const record = known?.id === job.run ? known : runs.read(job.run);
      return !record || !isHome(runs, record);
    });
    const jobs = open.filter((job) => about(job, deployment));
    const told = jobs.length > 0 ? await target.status({ ...deployment, jobs }) : nothing;
    for (const [run, report] of told.reports) reports.set(run, report);
    noteEnded(session, experiment, current, told.ended ?? new Map());
    const since = deployments.noteSilence(
      deployment.id,
      jobs.flatMap(({ machine, moved_from = [] }) => [machine, ...moved_from.map((left) => left.machine)]),
      told.problems.map(({ machine }) => machine),
      session.now(),
    );
    silent = told.problems.map((one) => ({
      ...one,
      since: since.get(one.machine) ?? session.now(),
      stopped: told.stopped?.has(one.machine) ?? false,
    }));
    unheard = deployment.jobs.filter(
      (job) =>
        silent.some(({ machine }) => machine === job.machine) || (open.includes(job) && !jobs.includes(job)),
    );
  }
  await addFinishedHere(session, experiment, current, reports, new Set(unheard.map(({ run }) => run)));
  for (const [run, report] of reports) {
    if (report.state && hasEnded(report.state)) ended.set(run, report);
  }

  const inFile = new Set(parameters.conditions.map(({ id }) => id));
  const jobs = new Map(deployment?.jobs.map((job) => [job.run, job]));
  const conditions = inOrder(parameters.conditions, current, deployment?.jobs ?? []).map((condition) => {
    const record = current.get(condition) ?? null;
    const report = record ? reports.get(record.id) : undefined;
    const job = record && !hasEnded(record) ? jobs.get(record.id) : undefined;
    return {
      condition,
      record: record && report ? update(session, experiment, record, report) : record,
      report: report ?? null,
      deployed: record !== null && jobs.has(record.id),
      inFile: inFile.has(condition),
      silent: silent.find(({ machine }) => machine === job?.machine) ?? null,
    };
  });
  const live =
    deployment !== null &&
    deployment.released === null &&
    conditions.some((row) => row.deployed && row.record !== null && !hasEnded(row.record));
  return { deployment, live, conditions, silent };
}

/** It has ended elsewhere, and what it left is here: nobody there has more to say of it. */
export const isHome = (runs: RunStore, record: RunRecord): boolean =>
  hasEnded(record) && Boolean(record.collected) && existsSync(join(runs.pathOf(record.id), 'state.json'));

const machinesElsewhere = ({ machines }: Deployment): Set<string> =>
  new Set(machines.filter(isElsewhere).map(({ name }) => name));

/** The run that each condition is judged by: the newest. What was tried with `run` meanwhile hides no job of a deployment
 *  of which any is at work, or has left something that is not here yet. */
function currentRuns(runs: RunStore, deployment: Deployment | null): Map<string, RunRecord> {
  const newest = runs.newest();
  if (deployment?.released !== null) return newest;
  const elsewhere = machinesElsewhere(deployment);
  const jobs = new Map(deployment.jobs.map((job) => [job.condition, job]));
  const own = [...jobs.values()].flatMap(({ condition, run, machine }) => {
    const known = newest.get(condition);
    const record = known?.id === run ? known : runs.read(run);
    return record
      ? [{ record, isOver: hasEnded(record) && (record.collected || !elsewhere.has(machine)) }]
      : [];
  });
  if (own.every(({ isOver }) => isOver)) return newest;
  return new Map([...newest, ...own.map(({ record }): [string, RunRecord] => [record.condition, record])]);
}

/** Jobs whose end their target knows and no runner can tell any more. */
function noteEnded(
  { now }: Session,
  { runs }: Experiment,
  current: Map<string, RunRecord>,
  jobs: ReadonlyMap<string, EndedJob>,
): void {
  for (const record of [...current.values()]) {
    const end = jobs.get(record.id);
    if (!end || hasEnded(record)) continue;
    const times = { ...record.times, [end.state]: now().toISOString() };
    const ended: RunRecord = { ...record, ...end, times };
    current.set(record.condition, ended);
    runs.write(ended);
  }
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

/** Runs that no machine is asked about are asked about here: their job folder is their run's. One that lost
 *  its runner, in a crash, gets another. */
async function addFinishedHere(
  session: Session,
  { runs }: Experiment,
  current: ReadonlyMap<string, RunRecord>,
  reports: Map<string, JobReport>,
  elsewhere: ReadonlySet<string>,
): Promise<void> {
  const missing = [...current.values()]
    .map(({ id }) => id)
    .filter((id) => !reports.has(id) && !elsewhere.has(id));
  if (missing.length === 0) return;
  const ids = new Map(missing.map((id) => [runs.pathOf(id), id]));
  const machine = new Machine(session.executor, here(''), runnerTemplate(session));
  for (const report of (await machine.report(null, [...ids.keys()])).jobs) {
    reports.set(ids.get(report.folder) ?? '', report);
    if (report.orphan) await machine.resume(report.folder);
  }
}

/** Conditions of the file first, in its order; then those that only ran: deployed, or by `run`. */
function inOrder(
  inFile: readonly Condition[],
  current: ReadonlyMap<string, RunRecord>,
  jobs: readonly DeployedJob[],
): string[] {
  return [
    ...new Set([...inFile.map(({ id }) => id), ...jobs.map((job) => job.condition), ...current.keys()]),
  ];
}
