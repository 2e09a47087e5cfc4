import type { Field, Fields } from '../history/fields.js';
import { type GroupBy, grouped, groupFields } from '../history/group.js';
import type { Found } from '../history/query.js';
import { count } from '../phrases.js';
import type { RunRow } from '../runs/rows/row.js';
import { csv, markdown } from './delimited.js';
import { columnsJson, folderOf, groupJson, hasNumbers, runTexts } from './history-json.js';
import { groupColumns, groupsView, historyView } from './history-view.js';
import { jsonLines, jsonObject } from './rows-out.js';
import { askedColumns, measureFields, type RunTable, runColumns } from './run-table.js';
import type { Text } from './style.js';
import { jsonText } from './text.js';
import { allTable } from './whole-table.js';

export const forms = ['json', 'jsonl', 'csv', 'md', 'table'] as const;
export type Form = (typeof forms)[number];

interface View extends RunTable {
  readonly width: number;
}

/** Runs in a form for programs, piece by piece. */
export function* runsOut(
  form: Exclude<Form, 'table'>,
  { rows, columns }: Found,
  fields: Fields,
): Generator<string> {
  const one = columns ? (row: RunRow) => jsonText(columnsJson(row, columns)) : runTexts();
  if (form === 'json') yield* jsonObject(mapped(rows, keyed(rows, one)));
  else if (form === 'jsonl') yield* mapped(rows, (row) => `${one(row)}\n`);
  else {
    const cells = allTable(rows, columns, fields);
    yield form === 'csv' ? csv(cells) : markdown(cells);
  }
}

/** By run id; by its folder, where several experiments have a run of that id. */
function keyed(rows: readonly RunRow[], one: (row: RunRow) => string) {
  if (new Set(rows.map(({ home }) => home)).size < 2) return (row: RunRow) => [row.run, one(row)] as const;
  const counts = new Map<string, number>();
  for (const { run } of rows) counts.set(run, (counts.get(run) ?? 0) + 1);
  return (row: RunRow): readonly [string, string] => [
    counts.get(row.run) === 1 ? row.run : folderOf(row),
    one(row),
  ];
}

export function runsTable({ rows, columns, hidden }: Found, fields: Fields, view: View): Text {
  if (rows.length === 0)
    return fields.rows.length > 0
      ? `None of ${count(fields.rows.length, 'run')} fits.`
      : 'Nothing has run yet.';
  const told = columns ? askedColumns(rows, columns, view) : runColumns(rows, fields, view);
  return historyView(rows, told, { width: view.width, hidden });
}

/** Groups of runs, in any form. @throws WrongQuery for names that no run has */
export function groupsOut(
  form: Form,
  { rows, columns }: Found,
  groupBy: GroupBy,
  fields: Fields,
  view: View,
): { readonly pieces: Iterable<string> } | { readonly table: Text } {
  const by = groupFields(groupBy, fields);
  const groups = grouped(rows, by);
  const measures = columns ?? numericMeasures(rows, fields, view);
  if (form === 'json' || form === 'jsonl') {
    const all = groups.map((group) => groupJson(group, by, measures));
    return { pieces: form === 'json' ? jsonObject([['groups', jsonText(all)]]) : jsonLines(all) };
  }
  const told = groupColumns(groups, by, measures);
  if (form === 'table') return { table: groupsView(groups, told, view) };
  const exact = { ...view, precision: 17 };
  const cells = [
    told.map(({ head }) => head),
    ...groups.map((group) => told.map(({ cell }) => String(cell(group, exact)))),
  ];
  return { pieces: [form === 'csv' ? csv(cells) : markdown(cells)] };
}

const numericMeasures = (rows: readonly RunRow[], fields: Fields, view: RunTable): Field[] =>
  measureFields(rows, fields, view).filter((field) => hasNumbers(field, rows));

function* mapped<T, R>(values: Iterable<T>, change: (value: T) => R): Generator<R> {
  for (const value of values) yield change(value);
}
