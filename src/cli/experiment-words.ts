import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isExperimentFolder } from '../operations/experiments-in.js';
import { calledSo, findExperiment } from '../operations/find-experiment.js';
import { readExperiment } from '../operations/read-experiment.js';

/** `[EXPERIMENT] [CONDITION…]`: the first word is an experiment if it is a path, the folder of one, or its name and not
 * also the beginning of a condition. */
export function experimentAndConditions(words: readonly string[]): {
  folder: string;
  conditions: readonly string[];
} {
  const [first, ...rest] = words;
  if (first === undefined) return { folder: '.', conditions: [] };
  const isPath = /^\.|[/\\]/.test(first);
  // If parameters.json is missing or on another branch, runs/ still shows that it is an experiment.
  const isFolder = isExperimentFolder(first) || existsSync(join(first, 'runs'));
  return isPath || isFolder || isNameOnly(first)
    ? { folder: first, conditions: rest }
    : { folder: '.', conditions: words };
}

/** Whether it names an experiment and no condition of the experiment here. Only conditions end in a hash. */
const isNameOnly = (word: string): boolean =>
  !/-[0-9a-f]{10}$/.test(word) && !isConditionHere(word) && calledSo(word) !== null;

function isConditionHere(word: string): boolean {
  try {
    const { conditions } = readExperiment(findExperiment('.').folder).parameters;
    return conditions.some(({ id }) => id.startsWith(word));
  } catch {
    return false;
  }
}
