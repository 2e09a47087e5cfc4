import { finalStates, type RunState } from '../machines/job-state.js';
import type { RunRow } from '../runs/rows/row.js';

// Pure: which runs may give their files up.

/** Which runs are meant. All parts must hold. */
export interface CleanRequest {
  /** Created before it; null: at any time. */
  readonly before: Date | null;
  /** Empty: any. */
  readonly states: readonly string[];
  /** The newest so many runs of each condition stay. */
  readonly keepLast: number;
  /** Ids of runs that stay, since they are the best. */
  readonly best: ReadonlySet<string>;
}

/** Ids of runs that others need. */
export interface Needed {
  /** They are on machines of a deployment which are not released. */
  readonly live: ReadonlySet<string>;
  /** They are inputs of other runs. */
  readonly inputs: ReadonlySet<string>;
}

/** Why a run that is meant stays. */
export type Reason =
  | 'has not ended'
  | 'of the live deployment'
  | 'another run refers to it'
  | 'an input of another run'
  | 'among the best'
  | 'among the last';

export interface Chosen {
  /** Oldest first. */
  readonly rows: readonly RunRow[];
  readonly kept: ReadonlyMap<Reason, number>;
}

/** @param rows all runs of the experiment, oldest first. @param meant those that fit the filters of the command */
export function toClean(
  rows: readonly RunRow[],
  meant: readonly RunRow[],
  { live, inputs }: Needed,
  { before, states, keepLast, best }: CleanRequest,
): Chosen {
  const referred = new Set(rows.flatMap(({ continues, came_from }) => [continues, came_from]));
  const newer = new Map<string, number>();
  const last = new Set<string>();
  for (const { run, condition } of rows.toReversed()) {
    const place = newer.get(condition) ?? 0;
    if (place < keepLast) last.add(run);
    newer.set(condition, place + 1);
  }
  const reasonOf = ({ run, state }: RunRow): Reason | null => {
    if (state !== 'unreadable' && !finalStates.has(state as RunState)) return 'has not ended';
    if (live.has(run)) return 'of the live deployment';
    if (referred.has(run)) return 'another run refers to it';
    if (inputs.has(run)) return 'an input of another run';
    if (best.has(run)) return 'among the best';
    return last.has(run) ? 'among the last' : null;
  };
  const found: RunRow[] = [];
  const kept = new Map<Reason, number>();
  for (const row of fittingRows(meant, { before, states })) {
    const reason = reasonOf(row);
    if (reason === null) found.push(row);
    else kept.set(reason, (kept.get(reason) ?? 0) + 1);
  }
  return { rows: found, kept };
}

/** Those that were created before, and are of these states. What an unreadable one is cannot be known. */
export const fittingRows = (
  rows: readonly RunRow[],
  { before, states }: Pick<CleanRequest, 'before' | 'states'>,
): readonly RunRow[] =>
  rows.filter(({ created, state }) => {
    if (before !== null && (created === null || Date.parse(created) >= before.getTime())) return false;
    return state !== 'unreadable' && (states.length === 0 || states.includes(state));
  });
