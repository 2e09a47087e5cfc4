import type { Field } from '../history/fields.js';
import { type Group, numbersOf, summed } from '../history/group.js';
import { count } from '../phrases.js';
import type { RunRow } from '../runs/rows/row.js';
import { filled } from './fold.js';
import { cellOf, type RunColumn, type RunTable } from './run-table.js';
import { dim, joined, type Text } from './style.js';
import { type Cell, type Column, table } from './table.js';
import { visibleLine } from './text.js';

/** Runs as a table, and what there was no room for.
 * @param hidden how many more there are */
export function historyView(
  rows: readonly RunRow[],
  columns: readonly RunColumn[],
  { width, hidden }: { readonly width: number; readonly hidden: number },
): Text {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const { text, leftOut } = table(columns, cells, width);
  const missed = leftOut.filter((head) => head !== 'AGE' && head !== 'TIME');
  return joined(
    [
      text,
      ...(hidden > 0 ? [dim(filled(`${count(hidden, 'more run')}: --limit 0 shows all.`, width))] : []),
      ...noRoom(missed, width),
      ...problemLines(rows, width),
    ],
    '\n',
  );
}

const noRoom = (heads: readonly string[], width: number): Text[] =>
  heads.length === 0
    ? []
    : [
        dim(
          filled(
            `No room for: ${heads.map(visibleLine).join(', ')}. Widen the window, name --columns, or use --json.`,
            width,
          ),
        ),
      ];

/** What could not be read, of the first few runs that have such problems. */
function problemLines(rows: readonly RunRow[], width: number): Text[] {
  const told = rows.flatMap(({ run, state, problems }) =>
    problems.map((problem) => (state === 'unreadable' ? problem : `${run}: ${problem}`)),
  );
  const most = 5;
  const more = told.length - most;
  return [
    ...told.slice(0, most).map((line) => dim(filled(line, width))),
    ...(more > 0 ? [dim(`and ${more} more such problems: --json has them all.`)] : []),
  ];
}

const parts = ['mean', 'deviation', 'min', 'max'] as const;

/** Columns of groups: what their runs have in common, how many they are, and each measure summed up, with how many runs
 * have it, where not all do. */
export function groupColumns(
  groups: readonly Group[],
  by: readonly Field[],
  measures: readonly Field[],
): (Column & { readonly cell: (group: Group, view: Pick<RunTable, 'precision' | 'now'>) => Cell })[] {
  return [
    ...by.map((field, at) => ({
      head: field.head,
      cell: ({ keys }: Group, view: Pick<RunTable, 'precision' | 'now'>) => cellOf(field, keys[at], view),
    })),
    { head: 'n', cell: ({ rows }) => String(rows.length) },
    ...measures.flatMap((field) => [
      ...(groups.every(({ rows }) => numbersOf(rows, field).length === rows.length)
        ? []
        : [{ head: `${field.head} n`, cell: ({ rows }: Group) => String(numbersOf(rows, field).length) }]),
      ...parts.map((part, rank) => ({
        head: `${field.head} ${part}`,
        ...(rank > 0 ? { gives: rank } : {}),
        cell: ({ rows }: Group, view: Pick<RunTable, 'precision' | 'now'>) =>
          cellOf(field, summed(numbersOf(rows, field))?.[part] ?? undefined, view),
      })),
    ]),
  ];
}

/** Groups as a table. */
export function groupsView(
  groups: readonly Group[],
  columns: ReturnType<typeof groupColumns>,
  view: Pick<RunTable, 'precision' | 'now'> & { readonly width: number },
): Text {
  const { text, leftOut } = table(
    columns,
    groups.map((group) => columns.map(({ cell }) => cell(group, view))),
    view.width,
  );
  return joined([text, ...noRoom(leftOut, view.width)], '\n');
}
