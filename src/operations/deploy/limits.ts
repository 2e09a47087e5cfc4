import { ownLine, UserError } from '../../errors.js';
import type { Deployment } from '../../runs/deployment.js';
import { unreleased } from '../../runs/placement.js';
import { failedRuns, heldPlaces } from '../look/holding.js';
import type { ExperimentStatus } from '../look/rows.js';
import type { DeployRequest } from './request.js';

// Pure: how many jobs of a deployment may fail before its waiting jobs are held.

/** `--max-failures` where all jobs begin at once. */
export class NothingWaits extends UserError {
  /** @param machines how many it rents for the deployment */
  constructor(target: string, machines: number, maxFailures: number) {
    super(
      `--max-failures holds waiting jobs, and none waits: target ${target} rents a machine for each at once.`,
      [
        ...(machines > 1
          ? [
              ownLine(
                'deploy',
                ['--max-failures', String(maxFailures), '--max-machines', '1'],
                'one after the other',
              ),
            ]
          : []),
        ownLine('deploy', [], 'without it'),
      ],
      { exit: 2 },
    );
  }
}

/** --max-machines for a target that rents none. */
export class NothingRented extends UserError {
  constructor(target: string) {
    super(
      `--max-machines limits machines that are rented, and target ${target} rents none.`,
      [ownLine('deploy', [], 'without it')],
      { exit: 2 },
    );
  }
}

/** The smaller of two limits; null: no limit. */
export const least = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

type Request = Pick<DeployRequest, 'maxFailures' | 'onlyDelivers'>;

/** Places that must continue: held ones and, if the limit changed, all. */
export function resumed(
  status: ExperimentStatus,
  joins: Deployment | null,
  { maxFailures, onlyDelivers }: Request,
): ReadonlySet<string> {
  if (!joins || !status.live || onlyDelivers) return new Set();
  if (maxFailures !== null && maxFailures !== joins.max_failures)
    return new Set(unreleased(joins).map(({ name }) => name));
  return new Set(heldPlaces(status).flatMap(({ place }) => place ?? []));
}

/** The deployment keeps its limit until a new one is given. Failures before the last `deploy` do not count. */
export function limitsOf(
  status: ExperimentStatus,
  joins: Deployment | null,
  { maxFailures, onlyDelivers }: Request,
): Pick<Deployment, 'max_failures' | 'forgiven'> {
  const limit = maxFailures ?? joins?.max_failures;
  if (limit === undefined) return {};
  const forgiven = onlyDelivers ? (joins?.forgiven ?? []) : joins ? failedRuns(status) : [];
  return { max_failures: limit, forgiven };
}
