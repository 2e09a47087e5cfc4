import { joinWords } from '../experiment/words.js';
import { secondsOf } from '../history/attributes.js';
import type { Field, Fields } from '../history/fields.js';
import type { Value } from '../history/value.js';
import { textOf } from '../history/value.js';
import type { RunRow } from '../runs/rows/row.js';
import { shortIds } from '../runs/run-name.js';
import { measureText } from './measures.js';
import { stateText, tint } from './state-cell.js';
import { dim } from './style.js';
import type { Cell, Column } from './table.js';
import { age, duration } from './time.js';

/** A column, and its cell for each run. */
export interface RunColumn extends Column {
  readonly cell: (row: RunRow) => Cell;
  /** Where it comes from; null: not a field. */
  readonly field?: Field;
}

export interface RunTable {
  /** All runs of the experiments, so that a shown id names one. */
  readonly ids: readonly string[];
  readonly now: Date;
  /** Also what is the same in every row. */
  readonly all: boolean;
  /** The measure that is shown first. */
  readonly first: string | null;
  /** Significant digits of measures; null: at least four. */
  readonly precision: number | null;
}

/** On a narrow terminal the column with the highest number is left out first. */
const gives = {
  age: 90,
  condition: 85,
  note: 80,
  time: 70,
  tags: 60,
  same: 55,
  place: 51,
  otherMeasure: 50,
  argument: 40,
  /** The first: what went in comes before all the others that came out. */
  measure: 20,
};

/** The columns of a table of runs: what differs between them, their state and their measures. */
export function runColumns(rows: readonly RunRow[], fields: Fields, view: RunTable): RunColumn[] {
  const whereItDiffers = !view.all;
  const fact = (head: string, cell: (row: RunRow) => string): RunColumn => ({
    ...{ head, gives: view.all ? gives.same : gives.place, atMost: 30, least: 10, whereItDiffers, cell },
  });
  const named = fields.arguments.map((name) => fields.argument(name));
  const varied = view.all ? named : named.filter((field) => differs(rows, field));
  return [
    idColumn(view),
    fact('EXPERIMENT', ({ facts }) => facts.experiment ?? ''),
    ...conditionColumn(rows, varied, view),
    ...varied.map(argumentColumn),
    { head: 'STATE', cell: (row) => tint(row.state, stateText(row)) },
    { head: 'TIME', gives: gives.time, cell: timeOf },
    { head: 'AGE', gives: gives.age, cell: ({ created }) => age(created, view.now) },
    ...measureFields(rows, fields, view).map((field, at) => ({
      ...measureColumn(field, rows, view),
      gives: at === 0 ? gives.measure : gives.otherMeasure,
    })),
    fact('COMMIT', ({ facts }) => facts.commit?.slice(0, 10) ?? ''),
    fact('MACHINE', ({ facts }) => facts.machine ?? ''),
    fact('TARGET', ({ facts }) => facts.target ?? ''),
    { head: 'TAGS', gives: gives.tags, atMost: 30, cell: ({ tags }) => tags.join(' ') },
    { head: 'NOTE', gives: gives.note, least: 16, cell: ({ notes }) => notes.at(-1) ?? '' },
  ];
}

/** The columns that were asked for, behind the id. */
export const askedColumns = (
  rows: readonly RunRow[],
  columns: readonly Field[],
  view: RunTable,
): RunColumn[] => [
  idColumn(view),
  ...columns.map((field) =>
    field.space === 'argument' ? argumentColumn(field) : measureColumn(field, rows, view),
  ),
];

function idColumn({ ids }: Pick<RunTable, 'ids'>): RunColumn {
  const short = shortIds(ids);
  return {
    head: 'RUN',
    least: 18,
    cell: ({ run }) => short.get(run) ?? run,
  };
}

/** Where arguments have no names, or not all that differs is one. */
function conditionColumn(rows: readonly RunRow[], varied: readonly Field[], { all }: RunTable): RunColumn[] {
  const seen = new Map<string, string>();
  const isTold = rows.every(({ condition, words }) => {
    const key = JSON.stringify(varied.map(({ name }) => words[name] ?? null));
    const before = seen.get(key) ?? condition;
    seen.set(key, condition);
    return before === condition;
  });
  if (isTold && !all) return [];
  const brief = (id: string) => id.replace(/-[0-9a-f]{10}$/, '');
  return [
    {
      head: 'CONDITION',
      gives: gives.condition,
      least: 12,
      cut: 'middle',
      brief,
      cell: (row) => row.condition,
    },
  ];
}

function argumentColumn(field: Field): RunColumn {
  const cell = ({ words }: RunRow) =>
    Object.hasOwn(words, field.name) ? joinWords(words[field.name] ?? []) : '';
  return { head: field.head, gives: gives.argument, atMost: 24, least: 8, cut: 'middle', field, cell };
}

function measureColumn(field: Field, rows: readonly RunRow[], view: RunTable): RunColumn {
  // Texts may be cut; a number that is cut is another number.
  const hasText = rows.some((row) => typeof field.of(row) === 'string');
  const cell = (row: RunRow) => cellOf(field, field.of(row), view);
  return { head: field.head, gives: gives.measure, ...(hasText && { atMost: 24 }), field, cell };
}

/** A value as people read it. */
export function cellOf(
  field: Field,
  value: Value,
  { precision, now }: Pick<RunTable, 'precision' | 'now'>,
): Cell {
  if (typeof value === 'number') {
    if (field.space === 'run' && field.name === 'seconds') return duration(value * 1000);
    return precision === null ? measureText(value) : String(Number(value.toPrecision(precision)));
  }
  if (field.isTime && typeof value === 'string') return dim(age(value, now));
  if (field.space === 'run' && field.name === 'commit') return textOf(value).slice(0, 10);
  return textOf(value);
}

/** The measures of any of these runs, the objective first; not the steps of series, which only count. */
export function measureFields(
  rows: readonly RunRow[],
  fields: Fields,
  { first, all }: Pick<RunTable, 'first' | 'all'>,
): Field[] {
  const { steps } = fields;
  const names = fields.measures.filter((name) => name === first || all || !steps.has(name));
  const found = names.map((name) => fields.measure(name));
  const has = (field: Field) => rows.some((row) => field.of(row) !== undefined);
  return found.filter(has).sort((one, other) => Number(other.name === first) - Number(one.name === first));
}

function differs(rows: readonly RunRow[], { name }: Field): boolean {
  const values = new Set<string>();
  for (const { words } of rows) {
    values.add(JSON.stringify(Object.hasOwn(words, name) ? words[name] : null));
    if (values.size > 1) return true;
  }
  return false;
}

function timeOf(row: RunRow): string {
  const seconds = secondsOf(row);
  return seconds === undefined ? '' : duration(seconds * 1000);
}
