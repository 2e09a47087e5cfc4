import { lstatSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../shell/atomic-file.js';

/** Updates the paths of jobs after their experiment was moved: `work` in a job folder is a link to the run's folder,
 * `place` contains that folder's real path. The runner writes nothing to a run's folder that does not exist or is a
 * link.
 * @param jobs the folder of job folders, each with the name of its run
 * @param runs runs/ now, without a link on the way */
export function repoint(jobs: string, runs: string): void {
  for (const name of namesIn(jobs)) {
    const link = join(jobs, name, 'work');
    const now = join(runs, name);
    if (!isLink(link) || !isFolderAt(now)) continue;
    // `place` first: while the two differ, the runner writes nothing.
    writeAtomically(join(jobs, name, 'place'), `${now}\n`);
    const half = `${link}.${process.pid}.new`;
    rmSync(half, { force: true });
    symlinkSync(now, half);
    renameSync(half, link);
  }
}

function isFolderAt(path: string): boolean {
  try {
    return lstatSync(path).isDirectory() && realpathSync(path) === path;
  } catch {
    return false;
  }
}

const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
