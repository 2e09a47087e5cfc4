import type { JobReport } from '../../machines/job-state.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { placesElsewhere } from '../../runs/placement.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';

/** Which jobs of a deployment the target is asked about. */
export interface Questions {
  /** Those of which something may be new. */
  readonly open: readonly DeployedJob[];
  /** Those of them that are asked about now. */
  readonly asked: readonly DeployedJob[];
}

export interface Asking {
  /** What was heard of jobs at their end, by run: they are not asked about again. */
  readonly ended: ReadonlyMap<string, JobReport>;
  /** What collects results has to know whether the place of an ended job still answers. */
  readonly collects: boolean;
  /** Which jobs are asked about; the others stand as they are recorded. */
  readonly about: (job: DeployedJob, deployment: Deployment) => boolean;
}

/** @param recordOf the receipt of a run. @param isHere whether results that were collected still exist here */
export function questionsOf(
  deployment: Deployment,
  recordOf: (run: string) => RunRecord | null,
  isHere: (record: RunRecord) => boolean,
  { ended, collects, about }: Asking,
): Questions {
  const elsewhere = placesElsewhere(deployment);
  const open = deployment.jobs.filter((job) => {
    if (ended.has(job.run) && !(collects && elsewhere.has(job.place))) return false;
    // The copy of a job that was moved may still run where it was.
    if (job.moved_from !== undefined && !ended.has(job.run)) return true;
    const record = recordOf(job.run);
    return !record || !isSettled(record, elsewhere.has(job.place), isHere);
  });
  return { open, asked: open.filter((job) => about(job, deployment)) };
}

/** It has ended, and what it left is here: its place has no more to say of it. */
export const isSettled = (
  record: RunRecord,
  elsewhere: boolean,
  isHere: (record: RunRecord) => boolean,
): boolean => hasEnded(record) && (!elsewhere || (record.collected !== null && isHere(record)));
