import { ownLine } from '../../errors.js';
import { isEverything, type Selectable, type Selection, select, selectOne } from '../../experiment/select.js';
import { conditionOfRun } from '../../runs/run-id.js';
import { runNamed } from '../../runs/run-name.js';
import { type ConditionStatus, type ExperimentStatus, isOfSweep } from './rows.js';

// Pure: the selected rows.

interface SelectableRow extends Selectable {
  readonly row: ConditionStatus;
}

/** Also shows conditions that have receipts and are not in parameters.json. */
const list = ownLine('status', ['--all']);

const selectable = (row: ConditionStatus, isOld = !isOfSweep(row)): SelectableRow => ({
  row,
  id: row.condition,
  given: row.given,
  state: row.record?.state ?? null,
  run: row.record?.id ?? null,
  measures: { ...row.report?.measure, ...row.report?.summary },
  isOld,
});

/** Whether a name is that of a run: conditions begin with a letter. */
export const namesRun = (name: string): boolean => /^(?:last(?:~\d+)?$|\d{8}-)/.test(name);

/** A run's id, the beginning of one, or `last`, as the id of its condition: verbs about jobs know the newest run of each.
 * @throws UnknownRun */
function conditionNamed(name: string, rows: readonly ConditionStatus[]): string {
  if (!namesRun(name)) return name;
  const ids = rows.flatMap(({ record }) => record?.id ?? []).sort();
  return conditionOfRun(runNamed(name, ids)) ?? name;
}

const byConditions = (selection: Selection, rows: readonly ConditionStatus[]): Selection => ({
  ...selection,
  names: selection.names.map((name) => conditionNamed(name, rows)),
});

/** @param all whether older sweeps are selected from, too. @throws UnknownCondition, UnknownRun, WrongQuery */
export const chosenRows = (
  { conditions }: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
  all = false,
): readonly ConditionStatus[] =>
  select(
    conditions.map((row) => (all ? selectable(row, false) : selectable(row))),
    byConditions(selection, conditions),
    list,
  ).map(({ row }) => row);

/** The one selected row. @throws UnknownCondition, UnknownRun, WrongQuery */
export const chosenRow = (
  { conditions }: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
): ConditionStatus =>
  selectOne(
    conditions.map((row) => selectable(row)),
    byConditions(selection, conditions),
    list,
  ).row;

/** The selected rows; without a selection, those of the sweep.
 * @param all include those that only `run` has run.
 * @throws UnknownCondition, UnknownRun, WrongQuery */
export function rowsToShow(
  status: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
  all: boolean,
): readonly ConditionStatus[] {
  if (!isEverything(selection)) return chosenRows(status, selection, all);
  return all ? status.conditions : status.conditions.filter(isOfSweep);
}
