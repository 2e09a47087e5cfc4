import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkout, Submodule } from '../tools/git/command-line.js';
import { openGit } from '../tools/git/engine.js';
import type { Project } from './project.js';

/** Where everything that belongs to a commit is on this computer: its own objects, those of its submodules,
 *  and the large files of git LFS. A submodule that is not checked out here stays empty there. */
export async function checkoutOf(project: Project, commit: string): Promise<Checkout> {
  return {
    repository: project.root,
    commit,
    submodules: await submodules(project.root, project.root, commit, ''),
    lfs: await lfsStorage(project),
  };
}

async function submodules(
  root: string,
  repository: string,
  commit: string,
  prefix: string,
): Promise<Submodule[]> {
  if (prefix === '' && !existsSync(join(root, '.gitmodules'))) return [];
  const listing = await openGit(repository).raw('ls-tree', '-r', '-z', '--full-tree', commit);
  const links = listing.split('\0').filter((entry) => entry.startsWith('160000 '));
  const found = await Promise.all(
    links.map(async (entry) => {
      const [facts = '', name = ''] = entry.split('\t');
      const id = facts.split(' ')[2] ?? '';
      const path = prefix + name;
      const inner = join(root, path);
      if (!existsSync(join(inner, '.git'))) return [];
      return [{ path, repository: inner, commit: id }, ...(await submodules(root, inner, id, `${path}/`))];
    }),
  );
  return found.flat();
}

/** Of the repository itself, also from a linked worktree; null: the project does not use LFS. */
async function lfsStorage(project: Project): Promise<string | null> {
  const folder = await project.git.raw('rev-parse', '--path-format=absolute', '--git-common-dir');
  const storage = join(folder.trim(), 'lfs');
  return existsSync(storage) ? storage : null;
}
