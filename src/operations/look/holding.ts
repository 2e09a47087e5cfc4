import type { Hold } from '../../machines/job-state.js';
import { limitOf } from '../../runs/deployment.js';
import { type ConditionStatus, type ExperimentStatus, isOpen, placeNameOf } from './rows.js';

// Pure: held places, whose waiting jobs start only after another `deploy`.

/** A place whose queue is held. */
export interface HeldPlace {
  readonly place: string;
  readonly hold: Hold;
  /** How many jobs wait there. */
  readonly waiting: number;
}

export function heldPlaces(status: ExperimentStatus): readonly HeldPlace[] {
  const places = new Map<string, HeldPlace>();
  for (const row of status.conditions) {
    if (!row.held) continue;
    const place = placeNameOf(status, row);
    const waiting = (places.get(place)?.waiting ?? 0) + 1;
    places.set(place, { place, hold: row.held, waiting });
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

/** The hold for places that still start jobs: each machine counts only its own failures, so each poll here counts all
 * of them. null: not too many, or no job waits. */
export function toHold(
  status: ExperimentStatus,
): { readonly places: ReadonlySet<string>; readonly failures: number } | null {
  const { deployment, live, conditions } = status;
  const limit = live && deployment ? limitOf(deployment) : null;
  const forgiven = new Set(deployment?.forgiven);
  const failures = failedRuns(status).filter((run) => !forgiven.has(run)).length;
  if (limit === null || failures < limit) return null;
  const waiting = conditions.filter(
    (row) => row.deployed && row.report?.state?.state === 'pending' && !row.silent && !row.held,
  );
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
  const conditions = status.conditions.map((row) =>
    row.report?.state?.state === 'pending' && row.deployed && places.has(placeNameOf(status, row))
      ? { ...row, held: row.held ?? hold }
      : row,
  );
  return { ...status, conditions };
}
