import { basename, dirname, resolve } from 'node:path';
import { isRunId } from '../runs/run-id.js';
import { experimentAndConditions } from './experiment-words.js';

/** `[EXPERIMENT] [RUN…]`: as `[EXPERIMENT] [CONDITION…]`; a run may also be the path of its folder.
 * @returns as typed */
export function experimentAndRuns(words: readonly string[]): {
  readonly folder: string;
  readonly runs: readonly string[];
} {
  const [first, ...rest] = words;
  const path = first?.replace(/\/+$/, '') ?? '';
  if (first !== undefined && /[/\\]/.test(first) && isRunId(basename(path))) {
    const runs = dirname(resolve(path));
    return { folder: dirname(runs), runs: [basename(path), ...rest.map((word) => basename(word))] };
  }
  const { folder, conditions } = experimentAndConditions(words);
  return { folder, runs: conditions };
}
