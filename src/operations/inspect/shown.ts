import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { isEverything, type Selection } from '../../experiment/select.js';
import { runNamed } from '../../runs/run-name.js';
import type { RunStore } from '../../runs/store.js';
import { chosenRows, namesRun } from '../look/chosen.js';
import { type ConditionStatus, type ExperimentStatus, isOfSweep } from '../look/rows.js';
import type { ExperimentRecords } from '../records.js';

/** A run whose output is shown. */
export interface Shown extends ConditionStatus {
  /** What its lines stand behind. */
  readonly name: string;
}

/** The newest runs of the selected conditions, and runs that are named. Without a selection: the sweep, or, if it has not
 * run, conditions that only `run` has run. @throws UnknownCondition, UnknownRun, WrongQuery, UnreadableReceipt */
export function rowsToShow(
  status: ExperimentStatus,
  { runs }: ExperimentRecords,
  conditions: Selection,
): readonly Shown[] {
  const newest = new Map(status.conditions.flatMap((row) => (row.record ? [[row.record.id, row]] : [])));
  const ids = runs.ids();
  const named = conditions.names.filter(namesRun).map((name) => runNamed(name, ids));
  const older = [...new Set(named)].flatMap((id) => (newest.has(id) ? [] : olderRun(status, runs, id)));
  const others = {
    ...conditions,
    names: [
      ...conditions.names.filter((name) => !namesRun(name)),
      ...named.flatMap((id) => newest.get(id)?.condition ?? []),
    ],
  };
  const isOlderAlone = older.length > 0 && others.names.length === 0;
  const chosen = isOlderAlone
    ? []
    : chosenRows(status, others)
        .filter((row) => row.record !== null)
        .map((row) => ({ ...row, name: row.condition }));
  const sweep = chosen.filter((row) => !isEverything(conditions) || isOfSweep(row));
  const fit = older.length > 0 ? chosenRows({ conditions: older }, { ...conditions, names: [] }, true) : [];
  return [...older.filter((row) => fit.includes(row)), ...(sweep.length > 0 ? sweep : chosen)];
}

/** A run that is not the newest of its condition. @throws UnreadableReceipt */
function olderRun({ conditions }: ExperimentStatus, runs: RunStore, id: string): Shown[] {
  const record = runs.read(id);
  if (!record)
    throw new UserError(`${join(runs.pathOf(id), 'run.json')} is missing: the run has no receipt.`);
  const row = conditions.find(({ condition }) => condition === record.condition);
  if (!row) return [];
  const alone = { report: null, deployed: false, silent: null, held: null };
  return [{ ...row, ...alone, record, given: record.recipe.condition, name: id }];
}
