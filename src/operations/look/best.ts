import { type Goal, ranking } from '../../history/best.js';
import { Fields } from '../../history/fields.js';
import { WrongQuery } from '../../history/tokens.js';
import type { History } from '../history/open-history.js';

/** The best of some runs, as `best` shows it. */
export interface Best {
  /** The measure. */
  readonly name: string;
  readonly value: number;
  readonly goal: Goal;
  readonly condition: string;
  readonly run: string;
}

/** The best of these runs, by the objective or the first number of their summaries; null: none has a number. */
export function bestOf(
  { rows, objective }: Pick<History, 'rows' | 'objective'>,
  runs: ReadonlySet<string>,
): Best | null {
  // A runner may have told of an end that the receipt does not have yet.
  const own = rows.filter(({ run }) => runs.has(run)).map((row) => ({ ...row, state: 'succeeded' as const }));
  if (own.length === 0) return null;
  try {
    const { field, goal, ranked } = ranking(own, new Fields(own), {
      by: null,
      goal: null,
      over: null,
      objective,
    });
    const [best] = ranked;
    const [row] = best?.rows ?? [];
    return best && row
      ? { name: field.head, value: best.value, goal, condition: row.condition, run: row.run }
      : null;
  } catch (error) {
    // No run has such a measure, or a number.
    if (error instanceof WrongQuery) return null;
    throw error;
  }
}
