import type { RunRow } from '../runs/rows/row.js';
import type { Field, Fields } from './fields.js';
import { type Name, readName } from './name.js';
import { Tokens } from './tokens.js';
import type { Value } from './value.js';
import { numberOf, textOf } from './value.js';

// `--sort`, which is read with or without runs, and applied to them.

export interface SortKey {
  readonly name: Name;
  readonly isDescending: boolean;
}

/** Reads names with commas between, each with a dash before it for the highest first: `-accuracy, lr`.
 * @throws WrongQuery */
export function readSort(text: string): SortKey[] {
  const tokens = new Tokens('--sort', text);
  const keys: SortKey[] = [];
  do {
    const isDescending = tokens.takeDash();
    keys.push({ isDescending, name: readName(tokens) });
  } while (tokens.take(','));
  if (!tokens.isAtEnd) tokens.fail('a comma or the end');
  return keys;
}

/** Numbers come before texts; NaN after them, and missing values at the end, in both directions. Equal ones stay as
 * they are. @throws WrongQuery */
export function sortedRows(rows: readonly RunRow[], keys: readonly SortKey[], fields: Fields): RunRow[] {
  const orders = keys.map(({ name, isDescending }) => {
    const field = fields.find(name, '--sort');
    return { field, sign: isDescending ? -1 : 1 };
  });
  const keyed = rows.map((row) => ({ row, keys: orders.map(({ field }) => keyOf(field, field.of(row))) }));
  keyed.sort((one, other) => {
    for (const [at, { sign }] of orders.entries()) {
      const difference = compare(one.keys[at], other.keys[at], sign);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

interface Key {
  /** 0: a number, 1: a text, 2: NaN, 3: missing. */
  readonly rank: number;
  readonly value: number | string;
}

function keyOf(field: Field, value: Value): Key {
  if (value === undefined || value === null) return { rank: 3, value: 0 };
  const number = numberOf(field, value);
  if (number === null) return { rank: 1, value: textOf(value) };
  return Number.isNaN(number) ? { rank: 2, value: 0 } : { rank: 0, value: number };
}

function compare(one: Key | undefined, other: Key | undefined, sign: number): number {
  if (!one || !other || one.rank !== other.rank) return (one?.rank ?? 0) - (other?.rank ?? 0);
  if (one.value === other.value) return 0;
  return one.value < other.value ? -sign : sign;
}
