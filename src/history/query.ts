import type { RunRow } from '../runs/rows/row.js';
import { columnsAsked, readColumns, type WantedColumn } from './columns.js';
import type { Field, Fields } from './fields.js';
import { type GroupBy, readGroupBy } from './group.js';
import { readSort, type SortKey, sortedRows } from './sort.js';
import { filterOf } from './where.js';
import { readRunsWhere, type Where } from './where-text.js';

/** What was asked of a history, as typed. */
export interface AskedTexts {
  readonly where?: readonly string[] | undefined;
  readonly sort?: string | undefined;
  readonly columns?: string | undefined;
  readonly 'group-by'?: string | undefined;
}

/** The same, read. */
export interface Query {
  readonly where: readonly Where[];
  readonly sort: readonly SortKey[];
  readonly columns: readonly WantedColumn[] | null;
  readonly groupBy: GroupBy | null;
}

/** @throws WrongQuery for a text that cannot be read */
export const readQuery = ({ where = [], sort, columns, 'group-by': groupBy }: AskedTexts): Query => ({
  where: where.map(readRunsWhere),
  sort: sort === undefined ? [] : readSort(sort),
  columns: columns === undefined ? null : readColumns(columns),
  groupBy: groupBy === undefined ? null : readGroupBy(groupBy),
});

/** What fits a query. */
export interface Found {
  readonly rows: readonly RunRow[];
  /** How many more fit, beyond the limit. */
  readonly hidden: number;
  /** null: none was asked for. */
  readonly columns: readonly Field[] | null;
  /** What should be known of the comparisons, a sentence each. */
  readonly remarks: readonly string[];
}

/** @param isInTime whether a run is of the time that was asked for. @param limit the newest so many, or, sorted, the
 * first; 0: all. @throws WrongQuery for names that no run has */
export function rowsFor(
  query: Query,
  fields: Fields,
  { isInTime, limit, now }: { isInTime: (row: RunRow) => boolean; limit: number; now: Date },
): Found {
  const filter = filterOf(query.where, fields, now);
  const columns = query.columns && columnsAsked(query.columns, fields);
  const fit = fields.rows.filter((row) => isInTime(row) && filter.matches(row));
  const sorted = query.sort.length > 0 ? sortedRows(fit, query.sort, fields) : fit;
  const rows = limit === 0 ? sorted : query.sort.length > 0 ? sorted.slice(0, limit) : sorted.slice(-limit);
  return { rows, columns, hidden: sorted.length - rows.length, remarks: filter.remarks() };
}
