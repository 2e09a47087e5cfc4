import type { RowState } from '../runs/rows/row.js';
import { cyan, dim, green, red, yellow } from './style.js';
import type { Cell } from './table.js';

/** `failed (exit 3)`, `lost (reboot)`, `running`. */
export function stateText({
  state,
  reason,
  exit_code,
}: {
  readonly state: RowState;
  readonly reason: string | null;
  readonly exit_code: number | null;
}): string {
  const why = reason === 'exit' ? `exit ${exit_code}` : reason;
  return state === 'succeeded' || !why ? state : `${state} (${why})`;
}

/** A text in the colour of a state. */
export function tint(state: RowState, text: string): Cell {
  if (state === 'succeeded') return green(text);
  if (state === 'failed' || state === 'lost' || state === 'unreadable') return red(text);
  if (state === 'stopped') return yellow(text);
  return state === 'pending' ? dim(text) : cyan(text);
}
