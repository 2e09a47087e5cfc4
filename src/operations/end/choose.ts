import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { placesElsewhere } from '../../runs/placement.js';
import { hasBegun, hasEnded, type RunRecord } from '../../runs/record.js';
import type { Collected, CollectedJob, PlaceProblem } from '../../targets/target.js';
import type { Silence } from '../look/rows.js';

// Pure: which jobs are collected, and which count as collected afterwards.

export interface Choosing {
  readonly deployment: Deployment;
  /** The requested runs; null: all. */
  readonly wanted: ReadonlySet<string> | null;
  readonly silent: readonly Silence[];
  readonly recordOf: (run: string) => RunRecord | null;
  /** Whether as much data is here as was collected. */
  readonly isComplete: (record: RunRecord) => boolean;
}

/** The jobs whose results may not be complete here. */
export function jobsToCollect({
  deployment,
  wanted,
  silent,
  recordOf,
  isComplete,
}: Choosing): CollectedJob[] {
  const unheard = new Set(silent.map(({ place }) => place));
  return deployment.jobs
    .filter((job) => (!wanted || wanted.has(job.run)) && !unheard.has(job.place))
    .flatMap((job) => {
      const record = recordOf(job.run);
      if (record && isComplete(record)) return [];
      return [
        { ...job, whole: record !== null && hasEnded(record), began: record !== null && hasBegun(record) },
      ];
    });
}

/** The outcome for the receipts. A run counts as collected only if its results have arrived. */
export interface Judgement {
  readonly collected: readonly CollectedJob[];
  /** Their results are gone, with their machine or their job folder. */
  readonly lost: readonly CollectedJob[];
}

export function judgeCollected(
  deployment: Deployment,
  jobs: readonly CollectedJob[],
  { arrived, lost }: Pick<Collected, 'arrived' | 'lost'>,
): Judgement {
  const elsewhere = placesElsewhere(deployment);
  const due = jobs.filter(({ whole, place }) => whole && elsewhere.has(place));
  return {
    collected: due.filter(({ run, began }) => arrived.has(run) || (!began && !lost.has(run))),
    lost: due.filter(({ run, began }) => began && lost.has(run)),
  };
}

/** The problems of the requested runs: unreachable places, and failures. */
export function problemsOf(
  jobs: readonly DeployedJob[],
  wanted: ReadonlySet<string> | null,
  silent: readonly Silence[],
  failed: readonly PlaceProblem[],
): readonly PlaceProblem[] {
  const asked = new Set(jobs.filter(({ run }) => !wanted || wanted.has(run)).map(({ place }) => place));
  return [...silent.filter(({ place }) => asked.has(place)), ...failed];
}
