import type { JobReport } from '../../machines/job-state.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { placesElsewhere } from '../../runs/placement.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';

/** Which jobs of a deployment are polled. */
export interface Questions {
  /** Those that may have news. */
  readonly open: readonly DeployedJob[];
  /** Those that are polled now. */
  readonly asked: readonly DeployedJob[];
}

export interface Asking {
  /** Reports of ended jobs, by run: these are not polled again. */
  readonly ended: ReadonlyMap<string, JobReport>;
  /** Whether results will be collected: then the places of ended jobs are polled, too. */
  readonly collects: boolean;
  /** Whether to poll a job; the others are shown as recorded. */
  readonly about: (job: DeployedJob, deployment: Deployment) => boolean;
}

/** @param recordOf the receipt of a run. @param isHere whether collected results still exist here */
export function questionsOf(
  deployment: Deployment,
  recordOf: (run: string) => RunRecord | null,
  isHere: (record: RunRecord) => boolean,
  { ended, collects, about }: Asking,
): Questions {
  const elsewhere = placesElsewhere(deployment);
  const open = deployment.jobs.filter((job) => {
    if (ended.has(job.run) && !(collects && elsewhere.has(job.place))) return false;
    // A copy of a moved job may still run at its former place.
    if (job.moved_from !== undefined && !ended.has(job.run)) return true;
    const record = recordOf(job.run);
    return !record || !isSettled(record, elsewhere.has(job.place), isHere);
  });
  return { open, asked: open.filter((job) => about(job, deployment)) };
}

/** Whether it has ended and is collected: its place has no more news. */
export const isSettled = (
  record: RunRecord,
  elsewhere: boolean,
  isHere: (record: RunRecord) => boolean,
): boolean => hasEnded(record) && (!elsewhere || (record.collected !== null && isHere(record)));
