import { flat } from '../runs/measures/series.js';
import type { RunRow } from '../runs/rows/row.js';

/** The names that runs have. */
export interface Known {
  readonly arguments: ReadonlySet<string>;
  readonly measures: ReadonlySet<string>;
  /** Columns of series, each with the series that have it. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
}

export function namesOf(rows: readonly RunRow[]): Known {
  const found = { arguments: new Set<string>(), measures: new Set<string>() };
  const columns = new Map<string, Set<string>>();
  for (const { words, series } of rows) {
    for (const name of Object.keys(words)) found.arguments.add(name);
    for (const [file, one] of Object.entries(series))
      for (const name of Object.keys(one.columns)) {
        const known = columns.get(name);
        if (known) known.add(file);
        else columns.set(name, new Set([file]));
      }
  }
  for (const { summary, values, series } of rows) {
    if (summary) for (const name of namesIn(summary)) found.measures.add(name);
    for (const name of Object.keys(values)) found.measures.add(name);
    for (const [file, one] of Object.entries(series))
      for (const name of Object.keys(one.columns))
        found.measures.add((columns.get(name)?.size ?? 0) > 1 ? `${file}.${name}` : name);
  }
  return { ...found, columns };
}

function namesIn(summary: Readonly<Record<string, unknown>>): string[] {
  return flat(summary).map(([name]) => name);
}
