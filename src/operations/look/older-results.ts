import type { RunSummary } from '../../runs/index-file.js';
import type { RunStore } from '../../runs/store.js';
import type { ConditionStatus, ExperimentStatus } from './rows.js';

/** An earlier success of the condition, with other code or settings, that the row does not show. */
export interface OlderResult {
  readonly run: string;
  readonly commit: string;
}

/** The newest such result of each condition. */
export function olderResults(
  runs: Pick<RunStore, 'summaries' | 'readOrNull'>,
  { conditions }: Pick<ExperimentStatus, 'conditions'>,
): ReadonlyMap<string, OlderResult> {
  const found = hiddenRuns(runs.summaries().found, conditions);
  return new Map(
    [...found].flatMap(([condition, run]): [string, OlderResult][] => {
      const record = runs.readOrNull(run);
      return record ? [[condition, { run, commit: record.recipe.source.commit }]] : [];
    }),
  );
}

/** Ids of the hidden runs, by condition. @param summaries of all runs, oldest first */
export function hiddenRuns(
  summaries: readonly RunSummary[],
  rows: readonly Pick<ConditionStatus, 'condition' | 'record'>[],
): ReadonlyMap<string, string> {
  const shown = new Map(rows.flatMap(({ record }) => (record ? [[record.condition, record]] : [])));
  const hidden = new Map<string, string>();
  for (const { id, condition, state, live, fingerprint } of summaries) {
    const record = shown.get(condition);
    if (record && id < record.id && state === 'succeeded' && !live && fingerprint !== record.fingerprint)
      hidden.set(condition, id);
  }
  return hidden;
}
