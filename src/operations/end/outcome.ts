import { UserError } from '../../errors.js';
import type { DeployedJob, Deployment, Place } from '../../runs/deployment.js';
import { unreleased } from '../../runs/placement.js';
import type { PlaceProblem } from '../../targets/target.js';
import { type ConditionStatus, isOpen } from '../look/rows.js';

// Pure: which places of a deployment are released, and what is left of it afterwards.

export interface EndingFacts {
  readonly deployment: Deployment;
  readonly rows: readonly ConditionStatus[];
  /** What kept results from being collected, or places from answering. */
  readonly problems: readonly PlaceProblem[];
  /** The conditions that alone are ended; null: all. */
  readonly chosen: ReadonlySet<string> | null;
  /** What cannot be collected is given up. */
  readonly discard: boolean;
  /** In a dry run jobs run on that would have been ended. */
  readonly dryRun: boolean;
}

export interface Ending {
  /** Places that have none but the jobs which are ended. */
  readonly leaving: ReadonlySet<string>;
  /** Those of them that are released now. */
  readonly ready: ReadonlySet<string>;
  /** Why the others are not, by place. */
  readonly kept: ReadonlyMap<string, PlaceProblem>;
}

export function endingOf({ deployment, rows, problems, chosen, discard, dryRun }: EndingFacts): Ending {
  const isChosen = ({ condition }: Pick<DeployedJob, 'condition'>) => !chosen || chosen.has(condition);
  const kept = new Map(problems.map((one) => [one.place, one]));
  const running = new Set<string>();
  const placeOfRun = new Map(deployment.jobs.map(({ run, place }) => [run, place]));
  for (const row of dryRun ? [] : rows.filter(isChosen)) {
    const place = placeOfRun.get(row.record?.id ?? '');
    if (place === undefined || !isOpen(row) || kept.has(place)) continue;
    const problem = new UserError(`${row.condition} on ${place} has not ended.`);
    kept.set(place, { place, problem });
    running.add(place);
  }
  const leaving = leavingOf(deployment, isChosen);
  // What is rented can be given back whether it answers or not. A place that answers, and whose jobs do not end when they
  // are told to, is released all the same: that ends them from outside.
  const ready = unreleased(deployment).filter(
    ({ name, rented }) =>
      leaving.has(name) && (!kept.has(name) || (discard && (rented !== null || running.has(name)))),
  );
  return { leaving, ready: new Set(ready.map(({ name }) => name)), kept };
}

/** The places that have none but these jobs. */
function leavingOf(
  { places, jobs }: Deployment,
  isChosen: (job: DeployedJob) => boolean,
): ReadonlySet<string> {
  const others = new Set(jobs.filter((job) => !isChosen(job)).map(({ place }) => place));
  const own = new Set(jobs.filter(isChosen).map(({ place }) => place));
  const leaving = places.filter(({ name }) => others.size === 0 || (own.has(name) && !others.has(name)));
  return new Set(leaving.map(({ name }) => name));
}

export interface Outcome {
  readonly isGone: (place: Place) => boolean;
  /** Places that keep what is not here, or what could not be ended. */
  readonly away: readonly PlaceProblem[];
  /** Rented places that could not be given back. */
  readonly rentedStill: readonly PlaceProblem[];
  /** Places of which something is given up, or left as it is. */
  readonly givenUp: readonly PlaceProblem[];
}

/** @param failed why places could not be released */
export function outcomeOf(
  { leaving, ready, kept }: Ending,
  { places }: Deployment,
  failed: readonly PlaceProblem[],
  discard: boolean,
): Outcome {
  const all = new Map([...kept, ...failed.map((one): [string, PlaceProblem] => [one.place, one])]);
  const isRented = new Set(places.filter(({ rented }) => rented !== null).map(({ name }) => name));
  const rentedStill = failed.filter(({ place }) => ready.has(place) && isRented.has(place));
  const staying = new Set(rentedStill.map(({ place }) => place));
  return {
    isGone: ({ name }) => leaving.has(name) && (discard || !all.has(name)) && !staying.has(name),
    away: discard ? [] : [...all.values()].filter(({ place }) => !staying.has(place)),
    rentedStill,
    givenUp: [...all.values()],
  };
}
