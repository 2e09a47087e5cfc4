import { relative } from 'node:path';
import { isHere } from '../operations/look/observe.js';
import type { ConditionStatus } from '../operations/look/rows.js';
import type { RunRecord } from '../runs/record.js';
import type { RunStore } from '../runs/store.js';

/** Of more runs than this, only the first are named. */
const most = 20;

/** A row for each run that was collected now or is lost, and how many runs of these conditions have data here. */
export function collectedView(
  conditions: readonly ConditionStatus[],
  settled: readonly RunRecord[],
  runs: RunStore,
): string {
  const near = (path: string) => relative('', path) || '.';
  const shown = settled.length > most ? settled.slice(0, most - 2) : settled;
  const records = conditions.flatMap(({ record }) => record ?? []);
  const here = records.filter((record) => isHere(runs, record)).length;
  const isCollected = ({ collected }: RunRecord) => collected !== null;
  return [
    ...shown.map(
      (run) => `${run.state.padEnd(10)} ${near(runs.pathOf(run.id))}${isCollected(run) ? '/data' : ''}`,
    ),
    ...(settled.length > shown.length ? [`… and ${settled.length - shown.length} more`] : []),
    `${settled.filter(isCollected).length} collected now; of ${records.length} that have run, ${here} have data in ${near(runs.folder)}.`,
  ].join('\n');
}
