import { setTimeout as sleep } from 'node:timers/promises';
import type { JobReport } from '../../machines/job-state.js';
import { isHeld } from '../look/holding.js';
import { observe } from '../look/observe.js';
import type { ExperimentStatus } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';
import type { Chores } from './chores.js';

/** How long polls may keep failing, in milliseconds. */
const patience = 600_000;

export interface FollowRequest {
  /** Called with the result of each poll. */
  readonly show: (status: ExperimentStatus) => void;
  /** Ends following; the jobs keep running. */
  readonly signal: AbortSignal;
  /** Run after each poll; default: none. */
  readonly chores?: Chores | undefined;
}

/** Polls until every condition of the deployment has ended, or the others are held, or nothing more is tried for them. A
 * failed poll is reported and retried: the jobs do not depend on it. */
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
    if (!status.live || isHeld(status)) return status;
    const givenUp = chores?.givenUp(status) ?? null;
    if (givenUp !== null) {
      session.notify.warn(`No more is tried for what could not be delivered: ${givenUp}`);
      return status;
    }
    await sleep(pace, undefined, { signal }).catch(() => {});
    try {
      status = await observe(session, records, request);
      failing = null;
    } catch (error) {
      // A poll that Ctrl-C aborted fails too.
      if (signal.aborted) return status;
      if (failing === null) session.notify.warn(`Polling failed, retrying: ${(error as Error).message}`);
      failing ??= Date.now();
      if (Date.now() - failing > patience) throw error;
    }
  }
}
