import type { MeasureFile } from './read.js';
import { flat, type Scalar, type Series, scalarOf } from './series.js';

// What tables show of the files.

export interface Measured {
  /** The contents of summary.json; null: there is none, or it is no object. */
  readonly summary: Readonly<Record<string, unknown>> | null;
  /** Values of the other files by name. */
  readonly values: Readonly<Record<string, Scalar>>;
  /** Series by the name of their file, without the extension. */
  readonly series: Readonly<Record<string, Omit<Series, 'odd'>>>;
}

export function measuredBy(files: readonly MeasureFile[]): Measured {
  const values: [string, Scalar][] = [];
  const series: [string, Omit<Series, 'odd'>][] = [];
  let summary: Measured['summary'] = null;
  for (const file of files) {
    const name = stemOf(file.path);
    if (file.kind === 'series') {
      const { odd, ...rest } = file.series;
      series.push([name, rest]);
    } else if (file.kind === 'text') {
      // A part of a JSON text is no value: its problem is told.
      if (/\.json$/i.test(file.path.at(-1) ?? '')) continue;
      const scalar = scalarOf(file.text.trim());
      if (scalar !== undefined && scalar !== '') values.push([name, scalar]);
    } else if (file.kind === 'json') {
      const isObject = isPlain(file.value);
      if (file.path.length === 1 && file.path[0] === 'summary.json') {
        if (isObject) summary = file.value as Record<string, unknown>;
      } else if (isObject) values.push(...flat(file.value as object, `${name}.`));
      else {
        const scalar = scalarOf(file.value);
        if (scalar !== undefined) values.push([name, scalar]);
      }
    }
  }
  return { summary, values: Object.fromEntries(values), series: Object.fromEntries(series) };
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const stemOf = (path: readonly string[]): string =>
  path.join('.').replace(/(?<=.)\.(json|jsonl|csv|tsv|txt)$/i, '');

/** The values of all files by name: the last of each series, over them those of single files, over them the summary's.
 * What several series have is named with its series, such as `train.loss`. */
export function allValues({ summary, values, series }: Measured): Record<string, Scalar> {
  const all: Record<string, Scalar> = {};
  for (const [name, { last }] of seriesColumns(series)) put(all, name, last);
  for (const [name, value] of Object.entries(values)) put(all, name, value);
  if (summary) for (const [name, value] of flat(summary)) put(all, name, value);
  return all;
}

/** Columns of all series: by their own names; by series and name where several series have them. */
export function seriesColumns(series: Measured['series']): (readonly [string, Series['columns'][string]])[] {
  const all = Object.entries(series);
  const [only] = all;
  // Most runs have one series, or none.
  if (only && all.length === 1) return Object.entries(only[1].columns);
  const counts = new Map<string, number>();
  for (const [, { columns }] of all)
    for (const name of Object.keys(columns)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.flatMap(([file, { columns }]) =>
    Object.entries(columns).map(
      ([name, column]) => [counts.get(name) === 1 ? name : `${file}.${name}`, column] as const,
    ),
  );
}

/** As a property of its own, also `__proto__`. */
function put(into: Record<string, Scalar>, name: string, value: Scalar): void {
  if (name !== '__proto__') into[name] = value;
  else Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
}
