import { lstatSync, realpathSync, statSync } from 'node:fs';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';

// What stands in the place of runs/, or of a run's folder, may come from the tree or from a job.

/** A link or a file in place of a run's folder: writing into it would write elsewhere. */
export class NotARunFolder extends UserError {
  constructor(path: string) {
    super(`${path} is not a folder, so nothing is written there.`, [
      pasteable`ls -ld ${path}`,
      pasteable`rm ${path}    # if it is a link; the next look writes the receipt`,
    ]);
  }
}

/** A link or a file in place of runs/, or of a folder of its path. It may come from the tree or from a job: writing
 * into it would write elsewhere. */
export class NotTheRunsFolder extends UserError {
  constructor(path: string) {
    super(`${path} is not a folder of the experiment itself, so nothing is written there.`, [
      pasteable`ls -ld ${path}`,
      `${pasteable`rm ${path}`}    # if it is a link: a folder is then made here`,
      ...mountLines(path),
    ]);
  }
}

/** Where a link leads to a folder, as on a larger disk: the line that has the results there. */
function mountLines(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isFolder || process.platform !== 'linux') return [];
  const line = pasteable`rm ${path} && mkdir ${path} && sudo mount --bind ${realpathSync(path)} ${path}`;
  return [`${line}    # results are then there`];
}

/** What is at the path itself, not where a link leads; null: nothing. */
export function kindAt(path: string): 'folder' | 'other' | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return null;
  return found.isDirectory() ? 'folder' : 'other';
}
