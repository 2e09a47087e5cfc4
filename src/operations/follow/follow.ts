import { setTimeout as sleep } from 'node:timers/promises';
import type { JobReport } from '../../machines/job-state.js';
import { observe } from '../look/observe.js';
import type { ExperimentStatus } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';
import type { Chores } from './chores.js';

/** For how long looks may fail one after the other, in milliseconds. */
const patience = 600_000;

export interface FollowRequest {
  /** Is given each look. */
  readonly show: (status: ExperimentStatus) => void;
  /** Ends the following; the jobs run on. */
  readonly signal: AbortSignal;
  /** What is done after each look; left out: nothing. */
  readonly chores?: Chores | undefined;
}

/** Polls until every condition of the deployment has ended. A look that fails is said, and tried again: the jobs do not
 *  depend on it. */
export async function follow(
  session: Session,
  records: ExperimentRecords,
  { show, signal, chores }: FollowRequest,
): Promise<ExperimentStatus> {
  const request = { ended: new Map<string, JobReport>(), collects: chores !== undefined };
  let status = await observe(session, records, request);
  const pace = status.deployment ? (await targetOf(session, records, status.deployment)).pace : 500;
  for (let failing: number | null = null; ; ) {
    if (failing === null) show(status);
    if (signal.aborted) return status;
    await chores?.do(status);
    if (!status.live) return status;
    await sleep(pace, undefined, { signal }).catch(() => {});
    try {
      status = await observe(session, records, request);
      failing = null;
    } catch (error) {
      // What a Ctrl-C ends says so.
      if (signal.aborted) return status;
      if (failing === null) session.notify.warn(`Cannot look, trying again: ${(error as Error).message}`);
      failing ??= Date.now();
      if (Date.now() - failing > patience) throw error;
    }
  }
}
