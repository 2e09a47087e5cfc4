import type { ConditionFilter } from '../../src/experiment/select.js';
import { conditionFilter } from '../../src/history/conditions-where.js';
import { Fields } from '../../src/history/fields.js';
import type { RunRow } from '../../src/runs/rows/row.js';

/** What `--where` of a verb about conditions means. @param rows the runs there are */
export function whereOf(
  texts: readonly string[],
  rows: () => readonly RunRow[] = () => [],
  note: (remark: string) => void = () => {},
): ConditionFilter {
  const now = () => new Date();
  const found = conditionFilter(texts, { rows, fieldsOf: (all) => new Fields(all), now, note });
  if (!found) throw new Error('no --where');
  return found;
}
