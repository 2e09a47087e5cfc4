import { ownLine } from '../../errors.js';
import { isEverything, type Selectable, type Selection, select, selectOne } from '../../experiment/select.js';
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
  isOld,
});

/** @param all whether older sweeps are selected from, too. @throws UnknownCondition, WrongWhere */
export const chosenRows = (
  { conditions }: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
  all = false,
): readonly ConditionStatus[] =>
  select(
    conditions.map((row) => (all ? selectable(row, false) : selectable(row))),
    selection,
    list,
  ).map(({ row }) => row);

/** The one selected row. @throws UnknownCondition, WrongWhere */
export const chosenRow = (
  { conditions }: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
): ConditionStatus =>
  selectOne(
    conditions.map((row) => selectable(row)),
    selection,
    list,
  ).row;

/** The selected rows; without a selection, those of the sweep.
 * @param all include those that only `run` has run.
 * @throws UnknownCondition, WrongWhere */
export function rowsToShow(
  status: Pick<ExperimentStatus, 'conditions'>,
  selection: Selection,
  all: boolean,
): readonly ConditionStatus[] {
  if (!isEverything(selection)) return chosenRows(status, selection, all);
  return all ? status.conditions : status.conditions.filter(isOfSweep);
}
