import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readBounded } from '../../runs/bounded-file.js';
import { runFolderOf } from '../../runs/run-at.js';
import { isRunId } from '../../runs/run-id.js';
import { RunStore } from '../../runs/store.js';

/** Runs of an experiment that are inputs of others: ids. Receipts alone are read, of any experiment.
 * @param runs the experiment's folder runs/, as its real path. @param experiments folders of those whose runs may refer */
export function inputsOfOthers(runs: string, experiments: readonly string[]): Set<string> {
  const found = new Set<string>();
  const all = existsSync(runs) ? readdirSync(runs).filter(isRunId) : [];
  for (const experiment of experiments) {
    const store = new RunStore(experiment, true);
    for (const id of store.ids())
      for (const { path } of inputsIn(store.pathOf(id)) ?? []) {
        const folder = runFolderOf(path);
        if (folder !== null && dirname(folder) === runs) found.add(basename(folder));
        // Such as the folder of all runs: those that it had then.
        else if (holds(path, runs)) for (const one of all) if (one < id) found.add(one);
      }
  }
  return found;
}

function holds(path: string, runs: string): boolean {
  try {
    return `${runs}/`.startsWith(`${realpathSync(path)}/`);
  } catch {
    return false;
  }
}

/** A run's inputs; null: its receipt cannot be read. @param run its folder */
export function inputsIn(run: string): { readonly path: string; readonly hash: string | null }[] | null {
  try {
    const text = readBounded(`${run}/run.json`)?.bytes.toString() ?? '';
    // Most runs have none, and there may be many runs.
    if (/"inputs": *\{\}/.test(text)) return [];
    const { recipe } = JSON.parse(text) as { recipe?: { inputs?: Record<string, Record<string, unknown>> } };
    return Object.values(recipe?.inputs ?? {}).flatMap(({ path, hash }) =>
      typeof path === 'string' ? [{ path, hash: typeof hash === 'string' ? hash : null }] : [],
    );
  } catch {
    return null;
  }
}
