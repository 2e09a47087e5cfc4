import { measuredBy } from '../../src/runs/measures/measured.js';
import type { MeasureFile } from '../../src/runs/measures/read.js';
import { SeriesSum, valuesOfLine } from '../../src/runs/measures/series.js';
import { noNotes } from '../../src/runs/notes.js';
import { type RunRow, rowOf } from '../../src/runs/rows/row.js';
import { receiptOf, recipeOf } from './receipts.js';

interface Said {
  readonly summary?: Readonly<Record<string, unknown>>;
  /** Files with one value. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Lines of series by the name of the file. */
  readonly series?: Readonly<Record<string, readonly object[]>>;
  readonly changes?: Partial<RunRow>;
  readonly facts?: Partial<RunRow['facts']>;
}

let minute = 0;

/** The row of a run that has succeeded with these arguments, a minute after the one before. */
export function rowFor(options: string, { summary, values, series, changes, facts }: Said = {}): RunRow {
  const recipe = recipeOf(options);
  const at = new Date(Date.UTC(2026, 10, 20, 12, minute++)).toISOString();
  const id = `${at.slice(0, 10).replaceAll('-', '')}-${at.slice(11, 19).replaceAll(':', '')}000-${recipe.condition.id}`;
  const record = receiptOf(options, { id, recipe, created: at });
  const files: MeasureFile[] = [
    ...(summary ? [{ path: ['summary.json'], kind: 'json' as const, value: summary }] : []),
    ...Object.entries(values ?? {}).map(([name, value]) => ({ path: [name], kind: 'json' as const, value })),
    ...Object.entries(series ?? {}).map(([name, lines]) => {
      const sum = new SeriesSum();
      for (const line of lines) sum.add(valuesOfLine(JSON.stringify(line)) ?? []);
      return { path: [`${name}.jsonl`], kind: 'series' as const, series: sum.end() };
    }),
  ];
  const row = rowOf(record, measuredBy(files), noNotes, []);
  return { ...row, home: '/e1', attempt: 1, ...changes, facts: { ...row.facts, ...facts } };
}
