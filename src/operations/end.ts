import { selectConditions } from '../experiment/select.js';
import { here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import { hasEnded } from '../runs/run-record.js';
import { type Experiment, runnerTemplate, targetOf } from './experiment.js';
import { type ConditionStatus, type ExperimentStatus, observe } from './observe.js';
import type { Session } from './session.js';

/** Rows by condition id or its beginning; none named: all. @throws UserError for one that is not there */
export function chosenRows(status: ExperimentStatus, wanted: readonly string[]): ConditionStatus[] {
  const rows = status.conditions.map((row) => ({ ...row, id: row.condition }));
  return wanted.length === 0 ? rows : [...selectConditions(rows, wanted)];
}

/** Ends the jobs of these conditions, or all, gently and then firmly. Their data and their machines stay.
 *  @param grace seconds between SIGTERM and SIGKILL.
 *  @returns how things stand afterwards, and the conditions that were ended. */
export async function stop(
  session: Session,
  experiment: Experiment,
  wanted: readonly string[],
  grace: number,
): Promise<{ status: ExperimentStatus; stopped: readonly string[] }> {
  const before = await observe(session, experiment);
  const open = chosenRows(before, wanted).filter((row) => row.record && !hasEnded(row.record));
  await stopRows(session, experiment, before, open, grace);
  const status = await observe(session, experiment);
  return { status, stopped: open.map((row) => row.condition) };
}

async function stopRows(
  session: Session,
  experiment: Experiment,
  { deployment }: ExperimentStatus,
  rows: readonly ConditionStatus[],
  grace: number,
): Promise<void> {
  const { runs, deployments } = experiment;
  if (rows.length > 0 && !session.executor.dryRun) {
    const jobs = rows.length === 1 ? 'one job' : `${rows.length} jobs`;
    session.notify.step(`Ending ${jobs}: SIGTERM now, SIGKILL to what is left after ${grace} s.`);
  }
  // A launch that was cut short wrote these down and never delivered them: there is nothing to end but that.
  const undelivered = rows.filter((row) => row.deployed && !row.report?.state);
  for (const { record } of session.executor.dryRun ? [] : undelivered) {
    const times = { ...record?.times, stopped: session.now().toISOString() };
    if (record) runs.write({ ...record, state: 'stopped', reason: 'user', times } as typeof record);
  }
  const runsOf = (deployed: boolean) =>
    rows
      .filter((row) => row.deployed === deployed && !undelivered.includes(row))
      .flatMap((row) => row.record?.id ?? []);
  const jobs = deployment?.jobs.filter((job) => runsOf(true).includes(job.run)) ?? [];
  if (deployment && jobs[0]) {
    const machine = targetOf(session, experiment, deployment.target).machineOf(deployment, jobs[0]);
    await machine.stop(
      deployments.queue,
      grace,
      jobs.map((job) => job.folder),
    );
  }
  const own = runsOf(false).map((id) => runs.pathOf(id));
  if (own.length > 0)
    await new Machine(session.executor, here(''), runnerTemplate(session)).stop(null, grace, own);
}

/** Brings everything home. @returns how things stand then. */
export async function sync(session: Session, experiment: Experiment): Promise<ExperimentStatus> {
  const status = await observe(session, experiment);
  if (status.deployment?.released === null) {
    await targetOf(session, experiment, status.deployment.target).collect(status.deployment);
  }
  return status;
}

/** Ends the deployment: its jobs stopped, its data brought home, nothing of it left. Safe to repeat.
 *  @returns how things stand afterwards; `released` false if there was nothing to end. */
export async function terminate(
  session: Session,
  experiment: Experiment,
  grace: number,
): Promise<{ status: ExperimentStatus; released: boolean }> {
  const { deployments } = experiment;
  const before = await observe(session, experiment);
  const { deployment } = before;
  if (!deployment || deployment.released !== null) return { status: before, released: false };
  if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
  const open = before.conditions.filter((row) => row.deployed && row.record && !hasEnded(row.record));
  if (open.length > 0) await stopRows(session, experiment, before, open, grace);
  const target = targetOf(session, experiment, deployment.target);
  await target.collect(deployment);
  const status = await observe(session, experiment);
  await target.release(deployment);
  deployments.write({ ...deployment, released: session.now().toISOString() });
  return { status, released: true };
}
