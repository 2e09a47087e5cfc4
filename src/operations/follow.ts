import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import type { JobReport } from '../machines/job-state.js';
import { hasEnded } from '../runs/run-record.js';
import type { Experiment } from './experiment.js';
import { type ConditionStatus, type ExperimentStatus, observe } from './observe.js';
import type { Session } from './session.js';

/** How often the machines are asked, in milliseconds. */
const interval = 500;

/** How many looks in a row may fail: some ten minutes. */
const patience = 1200;

/** Looks again and again until every condition of the deployment has ended. A look that fails is said, and tried
 *  again: the jobs do not depend on it.
 *  @param show is given each look. @param signal ends the looking; the jobs run on.
 *  @param tend does what is to be done after each look; what keeps it from that is said, and tried again. */
export async function follow(
  session: Session,
  experiment: Experiment,
  show: (status: ExperimentStatus) => void,
  signal: AbortSignal,
  tend?: (status: ExperimentStatus) => Promise<void>,
): Promise<ExperimentStatus> {
  const request = { ended: new Map<string, JobReport>(), bringsHome: tend !== undefined };
  let status = await observe(session, experiment, request);
  for (let failed = 0; ; ) {
    if (failed === 0) show(status);
    if (signal.aborted) return status;
    await tend?.(status).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      session.notify.warn(error.message);
    });
    if (!status.live) return status;
    await sleep(interval, undefined, { signal }).catch(() => {});
    try {
      status = await observe(session, experiment, request);
      failed = 0;
    } catch (error) {
      // What a Ctrl-C ends says so.
      if (signal.aborted) return status;
      if (++failed > patience) throw error;
      if (failed === 1) session.notify.warn(`Cannot look, trying again: ${(error as Error).message}`);
    }
  }
}

/** The conditions that a deployment is judged by: those of it that parameters.json has, or that have yet to end. */
export const judged = (status: ExperimentStatus): readonly ConditionStatus[] =>
  status.conditions.filter((row) => row.deployed && (row.inFile || (row.record && !hasEnded(row.record))));

export const allSucceeded = (status: ExperimentStatus): boolean =>
  judged(status).every((row) => row.record?.state === 'succeeded');

/** Of the deployment's conditions, how many have ended. */
export function progressOf(status: ExperimentStatus): { ended: number; of: number } {
  const rows = judged(status);
  return { ended: rows.filter((row) => row.record && hasEnded(row.record)).length, of: rows.length };
}
