import { type MeasureFile, sizeText } from '../runs/measures/read.js';
import { type Scalar, type Series, scalarOf } from '../runs/measures/series.js';
import { measureText } from './measures.js';
import { bold, dim, joined, type Text } from './style.js';
import { type Column, table } from './table.js';

/** The files of measures as they nest: JSON parsed, text as text, series summed up. */
export function measuresTree(files: readonly MeasureFile[]): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const file of files) {
    let at = tree;
    for (const name of file.path.slice(0, -1)) {
      if (!Object.hasOwn(at, name)) define(at, name, {});
      at = at[name] as Record<string, unknown>;
    }
    define(at, file.path.at(-1) ?? '', contentsOf(file));
  }
  return tree;
}

/** As a property of its own, also `__proto__`. */
const define = (into: object, name: string, value: unknown): void => {
  Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
};

function contentsOf(file: MeasureFile): unknown {
  if (file.kind === 'json') return file.value;
  if (file.kind === 'text') return file.text;
  return file.kind === 'series' ? file.series : { unread: file.why };
}

/** For people: single values, then each series with its sums. */
export function measuresView(files: readonly MeasureFile[], width: number): Text {
  const single = files.flatMap((file) => (file.kind === 'series' ? [] : singleRows(file)));
  const parts: Text[] = single.length > 0 ? [twoColumns(single, width)] : [];
  for (const file of files)
    if (file.kind === 'series')
      parts.push([bold(file.path.join('/')), '\n', seriesTable(file.series, width)]);
  return joined(parts, '\n\n');
}

function singleRows(file: Exclude<MeasureFile, { kind: 'series' }>): [string, string][] {
  const name = file.path.join('/');
  if (file.kind === 'unread') return [[name, `(${file.why})`]];
  if (file.kind === 'text') return [[name, shortened(file.text)]];
  const { value } = file;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[name, textOf(value)]];
  return Object.entries(value).map(([key, inner]) => [`${name}: ${key}`, textOf(inner)]);
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return measureText(value);
  const scalar = typeof value === 'object' ? undefined : scalarOf(value);
  return scalar === undefined ? shortened(JSON.stringify(value) ?? '') : String(scalar);
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  return line.length > 200 ? `${line.slice(0, 200)}… (${sizeText(text.length)})` : line;
}

function twoColumns(rows: readonly (readonly [string, string])[], width: number): Text {
  const columns: Column[] = [
    { head: 'MEASURE', least: 16, cut: 'middle' },
    { head: 'VALUE', least: 20 },
  ];
  return table(columns, rows, width).text;
}

function seriesTable({ columns, step, n }: Series, width: number): Text {
  const heads: Column[] = [
    { head: 'COLUMN', least: 12, cut: 'middle' },
    { head: 'last' },
    ...(['min', 'max', 'mean', 'first'] as const).map((head, at) => ({ head, gives: at })),
    { head: 'n', gives: 5 },
  ];
  const shown = (value: Scalar) =>
    typeof value === 'number' ? measureText(value) : value === null ? '' : String(value);
  const rows = Object.entries(columns).map(([name, { last, min, max, mean, first, n: count }]) => [
    name === step ? `${name} (step)` : name,
    ...[last, min, max, mean, first].map(shown),
    count === n ? String(n) : `${count} of ${n}`,
  ]);
  return rows.length > 0 ? table(heads, rows, width).text : dim('no lines');
}
