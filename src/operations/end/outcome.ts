import { UserError } from '../../errors.js';
import type { DeployedJob, Deployment, Place } from '../../runs/deployment.js';
import { unreleased } from '../../runs/placement.js';
import type { PlaceProblem } from '../../targets/target.js';
import { type ConditionStatus, isOpen } from '../look/rows.js';

// Pure: which places of a deployment are released, and which remain.

export interface EndingFacts {
  readonly deployment: Deployment;
  readonly rows: readonly ConditionStatus[];
  /** Unreachable places, and results that could not be collected. */
  readonly problems: readonly PlaceProblem[];
  /** Only these conditions are ended; null: all. */
  readonly chosen: ReadonlySet<string> | null;
  /** Gives up results that cannot be collected. */
  readonly discard: boolean;
  /** In a dry run, jobs that would be ended still run. */
  readonly dryRun: boolean;
}

export interface Ending {
  /** Places all of whose jobs are ended. */
  readonly leaving: ReadonlySet<string>;
  /** Those that are released now. */
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
  // A rented place can be terminated even if it is unreachable. A reachable place whose jobs do not end on request is
  // released anyway: that ends them from outside.
  const ready = unreleased(deployment).filter(
    ({ name, rented }) =>
      leaving.has(name) && (!kept.has(name) || (discard && (rented !== null || running.has(name)))),
  );
  return { leaving, ready: new Set(ready.map(({ name }) => name)), kept };
}

/** The places all of whose jobs are among these. */
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
  /** Places kept because of results that are not here, or jobs that could not be ended. */
  readonly away: readonly PlaceProblem[];
  /** Rented places that could not be terminated. */
  readonly rentedStill: readonly PlaceProblem[];
  /** Places where something is given up, or left as it is. */
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
