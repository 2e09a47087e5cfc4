import { attributes } from '../history/attributes.js';
import type { Field, Fields } from '../history/fields.js';
import type { Value } from '../history/value.js';
import { textOf } from '../history/value.js';
import type { RunRow } from '../runs/rows/row.js';

/** Runs as rows of text for CSV and Markdown, the head first: all that is known, values exact. A name that two kinds of
 * columns have gets the kind in front.
 * @param columns those that were asked for; null: all */
export function allTable(
  rows: readonly RunRow[],
  columns: readonly Field[] | null,
  fields: Fields,
): string[][] {
  const all = columns ?? [
    ...[...attributes.keys()].flatMap((name) => fields.attribute(name) ?? []),
    ...fields.arguments.map((name) => fields.argument(name)),
    ...fields.measures.map((name) => fields.measure(name)),
  ];
  const counts = new Map<string, number>();
  for (const { head } of all) counts.set(head, (counts.get(head) ?? 0) + 1);
  const head = all.map((field) =>
    counts.get(field.head) === 1 ? field.head : `${field.space}.${field.head}`,
  );
  const id = columns && !columns.some(({ space, name }) => space === 'run' && name === 'id');
  return [
    [...(id ? ['id'] : []), ...head],
    ...rows.map((row) => [...(id ? [row.run] : []), ...all.map((field) => exact(field.of(row)))]),
  ];
}

/** A number with all of its digits; a list with commas. */
const exact = (value: Value): string => textOf(value);
