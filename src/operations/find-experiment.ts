import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { experimentsIn, isCalled, isExperimentFolder, projectRoot } from './experiments-in.js';

/** The folder of the requested experiment, and whether it had to be searched for. */
export interface Located {
  /** Absolute. It may not exist, or not be an experiment: opening it reports that. */
  readonly folder: string;
  /** It is neither the given folder nor one above it. */
  readonly isElsewhere: boolean;
}

/** Several experiments of the project have the name. */
export class AmbiguousExperiment extends UserError {
  constructor(word: string, folders: readonly string[]) {
    super(
      [
        `${folders.length} experiments are called ${word}:`,
        ...folders.map((one) => `  ${fromHere(one)}`),
      ].join('\n'),
      folders.slice(0, 3).map((folder) => pasteable`cd ${fromHere(folder)}`),
      { exit: 2 },
    );
  }
}

const fromHere = (folder: string): string => relative('', folder) || '.';

/** Finds an experiment by its folder, a folder inside it, or its name; without any, the only one of the project.
 * @param given the word that was typed; `.` for none. @throws AmbiguousExperiment */
export function findExperiment(given: string): Located {
  const folder = resolve(given);
  const root = projectRoot(folder);
  const above = existsSync(folder) ? experimentAbove(folder, root) : null;
  if (above) return { folder: above, isElsewhere: false };
  const meant = given === '.' ? onlyOne(root) : calledSo(given);
  return { folder: meant ?? folder, isElsewhere: meant !== null };
}

/** The folder itself, or the nearest one above it in its project. */
function experimentAbove(folder: string, root: string | null): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (isExperimentFolder(at)) return at;
    if (at === root || root === null || at === dirname(at)) return null;
  }
}

function onlyOne(root: string | null): string | null {
  const [first, second] = root === null ? [] : experimentsIn(root);
  return first && !second ? first.folder : null;
}

/** The experiment of that name in the current project; null: none, or the word is a path. */
export function calledSo(word: string): string | null {
  const root = /^\.|[/\\]/.test(word) ? null : projectRoot(resolve());
  if (root === null) return null;
  const called = experimentsIn(root).filter((experiment) => isCalled(experiment, word));
  // The name in parameters.json takes precedence over that of the folder.
  const exact = called.filter(({ name }) => name === word);
  const [first, second] = exact.length > 0 ? exact : called;
  if (first && second)
    throw new AmbiguousExperiment(
      word,
      (exact.length > 0 ? exact : called).map((one) => one.folder),
    );
  return first?.folder ?? null;
}
