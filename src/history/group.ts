import type { RunRow } from '../runs/rows/row.js';
import type { Field, Fields } from './fields.js';
import { type Name, readNames } from './name.js';
import { Tokens } from './tokens.js';
import type { Value } from './value.js';
import { numberOf, textOf } from './value.js';

// Runs that have the same values, and what their measures are together. All of them count: none is left out, or drawn.

/** `--group-by`: names, or all arguments but those. */
export interface GroupBy {
  readonly isAllBut: boolean;
  readonly names: readonly Name[];
}

/** Reads `lr, optimizer`, or `all but seed`. @throws WrongQuery */
export function readGroupBy(text: string, flag = '--group-by'): GroupBy {
  const [all] = /^\s*all\s+but\b/i.exec(text) ?? [];
  const names = readNames(new Tokens(flag, all ? text.slice(all.length) : text));
  return { isAllBut: all !== undefined, names };
}

export interface Group {
  /** The values that its runs have in common, one a field. */
  readonly keys: readonly Value[];
  /** In the order of the rows. */
  readonly rows: readonly RunRow[];
}

/** The fields by which is grouped. @throws WrongQuery */
export function groupFields({ isAllBut, names }: GroupBy, fields: Fields, flag = '--group-by'): Field[] {
  const named = names.map((name) => fields.find(name, flag));
  if (!isAllBut) return named;
  const left = new Set(named.filter(({ space }) => space === 'argument').map(({ name }) => name));
  return fields.arguments.filter((name) => !left.has(name)).map((name) => fields.argument(name));
}

/** Groups in the order of their first rows. */
export function grouped(rows: readonly RunRow[], by: readonly Field[]): Group[] {
  const groups = new Map<string, { keys: readonly Value[]; rows: RunRow[] }>();
  for (const row of rows) {
    const keys = by.map((field) => field.of(row));
    const key = JSON.stringify(keys.map((value) => (value === undefined ? null : textOf(value))));
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { keys, rows: [row] });
  }
  return [...groups.values()];
}

/** Numbers summed up. */
export interface Summed {
  readonly n: number;
  readonly mean: number;
  /** The standard deviation of a sample, by n - 1; null: there is one number. */
  readonly deviation: number | null;
  readonly min: number;
  readonly max: number;
}

/** null: there is none. With NaN among them, all but n is NaN. */
export function summed(numbers: readonly number[]): Summed | null {
  const n = numbers.length;
  if (n === 0) return null;
  // From the first on, so that equal numbers have exactly themselves as their mean.
  const [first = 0] = numbers;
  const mean = Number.isFinite(first)
    ? first + numbers.reduce((sum, value) => sum + (value - first), 0) / n
    : numbers.reduce((sum, value) => sum + value, 0) / n;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const least = numbers.reduce((one, value) => Math.min(one, value), Number.POSITIVE_INFINITY);
  const most = numbers.reduce((one, value) => Math.max(one, value), Number.NEGATIVE_INFINITY);
  return { n, mean, deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null, min: least, max: most };
}

/** The numbers that runs have of a field; others are left out. */
export const numbersOf = (rows: readonly RunRow[], field: Field): number[] =>
  rows.flatMap((row) => numberOf(field, field.of(row)) ?? []);
