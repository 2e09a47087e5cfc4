import type { RunRow } from '../../runs/rows/row.js';

/** The newest run of each condition where that failed or was lost, by id. Pure. @param rows oldest first */
export function lastFailed(rows: readonly Pick<RunRow, 'run' | 'condition' | 'state'>[]): string[] {
  const newest = new Map(rows.map((row) => [row.condition, row]));
  return [...newest.values()]
    .filter(({ state }) => state === 'failed' || state === 'lost')
    .map(({ run }) => run);
}
