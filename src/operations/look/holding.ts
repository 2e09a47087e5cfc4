import type { Hold } from '../../machines/job-state.js';
import { limitOf } from '../../runs/deployment.js';
import { existing } from '../../runs/placement.js';
import { type ConditionStatus, type ExperimentStatus, isOpen, placeNameOf } from './rows.js';

// Pure: held places, whose waiting jobs start only after another `deploy`.

/** A place whose queue is held, or all machines that are to be rented and are not. */
export interface HeldPlace {
  /** null: machines that do not exist. */
  readonly place: string | null;
  readonly hold: Hold;
  /** How many jobs wait there. */
  readonly waiting: number;
}

export function heldPlaces(status: ExperimentStatus): readonly HeldPlace[] {
  const places = new Map<string | null, HeldPlace>();
  const held = status.conditions.flatMap((row) => (row.held ? [{ row, hold: row.held }] : []));
  if (held.length === 0) return [];
  const machines = missingMachines(status);
  for (const { row, hold } of held) {
    const name = placeNameOf(status, row);
    const place = machines.has(name) ? null : name;
    const waiting = (places.get(place)?.waiting ?? 0) + 1;
    places.set(place, { place, hold, waiting });
  }
  return [...places.values()];
}

/** Whether all open jobs of the deployment wait at held places. */
export function isHeld({ live, conditions }: Pick<ExperimentStatus, 'live' | 'conditions'>): boolean {
  return live && conditions.every((row) => !row.deployed || !isOpen(row) || row.held !== null);
}

const hasFailed = ({ record }: ConditionStatus): boolean =>
  record?.state === 'failed' || record?.state === 'lost';

/** Failed and lost runs of the deployment. */
export const failedRuns = ({ conditions }: Pick<ExperimentStatus, 'conditions'>): readonly string[] =>
  conditions.flatMap((row) => (row.deployed && hasFailed(row) && row.record ? [row.record.id] : []));

/** Names of rented places that do not exist. */
function missingMachines({ deployment }: Pick<ExperimentStatus, 'deployment'>): ReadonlySet<string> {
  if (!deployment) return new Set();
  const there = new Set(existing(deployment).map(({ name }) => name));
  return new Set(deployment.places.flatMap(({ name, rented }) => (rented && !there.has(name) ? [name] : [])));
}

/** The rows whose job no machine has begun and that a hold keeps from beginning: they wait in the queue of a machine, or
 * for a machine. A rented machine has one job, which begins with it. */
function waitingRows(status: ExperimentStatus): readonly ConditionStatus[] {
  const machines = missingMachines(status);
  const rented = new Set(status.deployment?.places.flatMap(({ name, rented }) => (rented ? [name] : [])));
  return status.conditions.filter((row) => {
    if (!row.deployed || row.record?.state !== 'pending') return false;
    const place = placeNameOf(status, row);
    return rented.has(place) ? machines.has(place) : row.report?.state?.state === 'pending';
  });
}

/** The hold for places that still start jobs: each machine counts only its own failures, so each poll here counts all
 * of them. null: not too many, or no job waits. */
export function toHold(
  status: ExperimentStatus,
): { readonly places: ReadonlySet<string>; readonly failures: number } | null {
  const { deployment, live } = status;
  const limit = live && deployment ? limitOf(deployment) : null;
  const forgiven = new Set(deployment?.forgiven);
  const failures = failedRuns(status).filter((run) => !forgiven.has(run)).length;
  if (limit === null || failures < limit) return null;
  const waiting = waitingRows(status).filter((row) => !row.silent && !row.held);
  const places = new Set(waiting.map((row) => placeNameOf(status, row)));
  return places.size === 0 ? null : { places, failures };
}

/** The rows after these places were held. */
export function withHeld(
  status: ExperimentStatus,
  places: ReadonlySet<string>,
  failures: number,
): ExperimentStatus {
  const hold: Hold = { why: 'failures', failures };
  const waiting = new Set(waitingRows(status));
  const conditions = status.conditions.map((row) =>
    waiting.has(row) && places.has(placeNameOf(status, row)) ? { ...row, held: row.held ?? hold } : row,
  );
  return { ...status, conditions };
}
