import { quotedNames, unquoteName } from '../tools/git/names.js';
import type { Project } from './project.js';

/** Files that git ignores in the working tree; folders end in a slash. Caches of programs and results of runs are left
 * out. */
export async function ignoredFiles(project: Project): Promise<readonly string[]> {
  const list = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory'];
  const listing = await project.git.raw(...quotedNames, ...list);
  return listing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unquoteName(line).toString())
    .filter((path) => !ownAffairs.test(path));
}

const ownAffairs =
  /(^|\/)(__pycache__|\.ipynb_checkpoints|\.(pytest|mypy|ruff)_cache|\.tox|\.nox|\.DS_Store|\.idea|\.vscode|[^/]+\.egg-info|\.logistician|runs)(\/|$)|\.py[co]$|~$|\.swp$/;
