import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { jobOf } from '../../runs/placement.js';
import type { Offer } from '../../targets/target.js';
import { type ConditionStatus, isOpen } from '../look/rows.js';
import { assignSlots } from './assign-slots.js';

// Pure: the place of each job.

/** How long a place may be unreachable before its waiting jobs are moved, in milliseconds. */
export const patience = 60_000;

/** A waiting job of an unreachable place that is moved to another. */
export interface Move {
  readonly job: DeployedJob;
  readonly to: Offer;
}

export interface Placement {
  /** The offers; those without jobs so far are cut to the slots that are needed. */
  readonly offers: readonly Offer[];
  /** The offer of each condition, in their order. */
  readonly assigned: readonly Offer[];
  readonly moves: readonly Move[];
}

export interface Placing {
  readonly offers: readonly Offer[];
  /** The live deployment that gets the jobs; null: a new one. */
  readonly joins: Deployment | null;
  readonly rows: readonly ConditionStatus[];
  /** Ids of the conditions that will run, in their order. */
  readonly planned: readonly string[];
  readonly now: Date;
}

/** A place that belongs to one condition gets only that job; the others are spread over slots. */
export function placementOf({ offers, joins, rows, planned, now }: Placing): Placement {
  const shared = offers.filter(({ only }) => only === null);
  const waiting = joins && shared.length > 0 ? waitingInVain(joins, rows, now) : [];
  const load = loadOf(joins, rows);
  const places = shared.map((offer) => ({
    offer,
    name: offer.place.name,
    slots: offer.place.slots ?? ['-'],
  }));
  const given =
    shared.length > 0
      ? assignSlots(planned.length + waiting.length, places, load).map(({ offer }) => offer)
      : planned.flatMap((id) => offers.find(({ only }) => only === id) ?? []);
  return {
    offers: offers.map((offer) => trimmed(offer, joins, given, load)),
    assigned: given.slice(0, planned.length),
    moves: waiting.flatMap((job, index) => {
      const to = given[planned.length + index];
      return to ? [{ job, to }] : [];
    }),
  };
}

/** How many open jobs each place of the deployment has, by its name. */
export function loadOf(joins: Deployment | null, rows: readonly ConditionStatus[]): Map<string, number> {
  const load = new Map<string, number>();
  for (const row of rows) {
    const job = joins && isOpen(row) ? jobOf(joins, row.record?.id) : undefined;
    if (job) load.set(job.place, (load.get(job.place) ?? 0) + 1);
  }
  return load;
}

/** Jobs that have not begun, at places that have been unreachable for too long. */
export function waitingInVain(
  joins: Deployment,
  rows: readonly ConditionStatus[],
  now: Date,
): readonly DeployedJob[] {
  const pending = new Set(
    rows
      .filter(
        ({ record, silent }) =>
          record?.state === 'pending' &&
          silent &&
          !silent.canStart &&
          now.getTime() - silent.since.getTime() >= patience,
      )
      .map(({ record }) => record?.id),
  );
  return joins.jobs.filter(({ run }) => pending.has(run));
}

function trimmed(
  offer: Offer,
  joins: Deployment | null,
  given: readonly Offer[],
  load: ReadonlyMap<string, number>,
): Offer {
  const { place } = offer;
  if (!place.slots) return offer;
  const placed = given.filter((one) => one.place.name === place.name).length;
  const before = joins?.places.find(({ name }) => name === place.name)?.slots?.length ?? 0;
  const work = Math.max(1, before, placed + (load.get(place.name) ?? 0));
  return { ...offer, place: { ...place, slots: place.slots.slice(0, work) } };
}
