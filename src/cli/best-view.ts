import type { Ranking } from '../history/best.js';
import type { Fields } from '../history/fields.js';
import { count } from '../phrases.js';
import { filled } from './fold.js';
import { measureText } from './measures.js';
import { type RunColumn, type RunTable, runColumns } from './run-table.js';
import { dim, joined, type Text } from './style.js';
import { type Cell, type Column, table } from './table.js';

/** The best runs, or groups of runs, as a table, and what is not in it.
 * @param most how many are shown */
export function bestView(
  ranking: Ranking,
  fields: Fields,
  view: RunTable & { readonly width: number; readonly most: number; readonly over: string | null },
): Text {
  const shown = ranking.ranked.slice(0, view.most);
  const first = shown.flatMap(({ rows: [row] }) => row ?? []);
  const own = runColumns(first, fields, { ...view, first: ranking.field.name });
  const isArgument = ({ field }: RunColumn) => field?.space === 'argument';
  const left = new Set((view.over ?? '').split(',').map((name) => name.trim().replace(/^argument\./, '')));
  const columns: (Column & { readonly cell: (at: number) => Cell })[] = [
    { head: 'RANK', cell: (at) => String(shown[at]?.rank ?? '') },
    { head: ranking.field.head, cell: (at) => measureText(shown[at]?.value ?? Number.NaN) },
    ...(view.over === null
      ? []
      : [
          { head: 'n', cell: (at: number) => String(shown[at]?.summed.n ?? '') },
          {
            head: 'deviation',
            cell: (at: number) => {
              const deviation = shown[at]?.summed.deviation ?? null;
              return deviation === null ? '' : measureText(deviation);
            },
          },
        ]),
    ...own
      .filter((column) => isArgument(column) || !['STATE', 'NOTE', 'TIME'].includes(column.head))
      .filter(({ field }) => field?.space !== 'measure')
      .filter(
        (column) =>
          view.over === null ||
          (!['RUN', 'AGE'].includes(column.head) && !left.has(column.field?.name ?? '')),
      )
      .map((column) => {
        const cell = (at: number): Cell => (first[at] ? column.cell(first[at]) : '');
        return { ...column, cell };
      }),
  ];
  const { text } = table(
    columns,
    shown.map((_, at) => columns.map(({ cell }) => cell(at))),
    view.width,
  );
  return joined([text, ...remarks(ranking, view.most).map((line) => dim(filled(line, view.width)))], '\n');
}

/** What a reader of the table should know, a sentence each. */
export function remarks({ field, goal, isGuessed, ranked, leftOut }: Ranking, most: number): string[] {
  const best = ranked.filter(({ rank }) => rank === 1).length;
  const better = goal === 'maximize' ? 'highest' : 'lowest';
  const other = goal === 'maximize' ? '--min: the lowest' : '--max: the highest';
  const out = [
    [leftOut.unsuccessful, 'did not succeed', 'did not succeed'],
    [leftOut.missing, `has no ${field.head}`, `have no ${field.head}`],
    [leftOut.text, `has a text for it`, `have a text for it`],
    [leftOut.nan, 'has NaN', 'have NaN'],
  ].filter(([number]) => Number(number) > 0);
  return [
    ...(isGuessed ? [`The ${better} ${field.head} is the best here (${other}).`] : []),
    ...(best > 1
      ? [`${best} share the best value${best > most ? `, of which ${most} are shown` : ''}.`]
      : []),
    ...(out.length > 0
      ? [
          `Left out: ${out.map(([number, one, many]) => `${count(Number(number), 'run')} that ${number === 1 ? one : many}`).join(', ')}.`,
        ]
      : []),
  ];
}
