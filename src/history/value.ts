import { number } from '../experiment/same-value.js';
import type { Scalar } from '../runs/measures/series.js';
import type { Space } from './name.js';

/** The value of a field in one run; undefined: the run has none. A list is several values. */
export type Value = Scalar | readonly string[] | undefined;

/** A value as a number; null: it is none. Of arguments, texts that are written as numbers are; of measures, numbers. */
export function numberOf(
  field: { readonly space: Space; readonly isTime: boolean },
  value: Value,
): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  if (field.isTime) return Date.parse(value);
  return field.space === 'argument' && number.test(value) ? Number(value) : null;
}

/** A value as text; lists with commas between. */
export function textOf(value: Value): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? value.join(',') : String(value);
}
