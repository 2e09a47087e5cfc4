import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { RunRecord } from '../../runs/record.js';
import type { RunRow } from '../../runs/rows/row.js';
import { runNamed } from '../../runs/run-name.js';
import { RunStore } from '../../runs/store.js';
import { type History, openHistory } from './open-history.js';

/** A run that was named. */
export interface NamedRun {
  readonly id: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  readonly store: RunStore;
  readonly row: RunRow;
}

/** The runs of an experiment that words name, in their order, each once. @throws UnknownRun */
export function runsNamed(
  home: string,
  experiment: string,
  words: readonly string[],
): { readonly runs: readonly NamedRun[]; readonly history: History } {
  const history = openHistory(home, experiment);
  const store = new RunStore(experiment);
  const rows = new Map(history.rows.map((row) => [row.run, row]));
  const ids = [...rows.keys()];
  const named = [...new Set(words.map((word) => runNamed(word, ids)))];
  const runs = named.flatMap((id): NamedRun[] => {
    const row = rows.get(id);
    return row ? [{ id, folder: store.pathOf(id), store, row }] : [];
  });
  return { runs, history };
}

/** The one run. @throws UnknownRun */
export function runOf(home: string, experiment: string, word: string): NamedRun {
  const [run] = runsNamed(home, experiment, [word]).runs;
  if (!run) throw new Error(`${word} names no run`);
  return run;
}

/** Its receipt. @throws UnreadableReceipt */
export function receiptOf({ store, id, folder }: NamedRun): RunRecord {
  const record = store.read(id);
  if (!record) throw new UserError(`${join(folder, 'run.json')} is missing: the run has no receipt.`);
  return record;
}
