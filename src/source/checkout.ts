import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { installLines, isProgram } from '../shell/programs.js';
import { pasteable } from '../shell/word.js';
import type { Checkout, Submodule } from '../tools/git/lines.js';
import { openGit } from '../tools/git/reads.js';
import { linksAt } from './listing.js';
import { isCheckedOut } from './look.js';
import type { Project } from './project.js';

class MissingSubmoduleCommit extends UserError {
  constructor(path: string, commit: string, root: string) {
    super(`The submodule ${path} does not have the commit ${commit.slice(0, 10)} here that is to run.`, [
      pasteable`git -C ${root} submodule update --init --recursive`,
      pasteable`git -C ${join(root, path)} fetch --all`,
    ]);
  }
}

class MissingLargeFiles extends UserError {
  constructor(repository: string, commit: string, missing: readonly string[]) {
    const shown = missing.slice(0, 5).map((path) => `\n  ${path}`);
    const more = missing.length > shown.length ? `\n  … and ${missing.length - shown.length} more` : '';
    super(
      `Files of git LFS in the commit ${commit.slice(0, 10)} are not here, only their names:${shown.join('')}${more}`,
      [pasteable`git -C ${repository} lfs pull`, pasteable`git -C ${repository} lfs fetch --all`],
    );
  }
}

class NoGitLfs extends UserError {
  constructor(repository: string) {
    super(`${repository} has files in git LFS, and git-lfs is not installed, or not on the PATH.`, [
      ...installLines('git-lfs'),
      pasteable`git -C ${repository} lfs pull`,
    ]);
  }
}

/** @throws MissingLargeFiles where a job would not find a file of git LFS, NoGitLfs */
export async function refuseMissingFiles({ repository, commit, submodules, lfs }: Checkout): Promise<void> {
  await Promise.all(
    [{ repository, commit, lfs }, ...submodules].map(async (one) => {
      const { lfs } = one;
      if (lfs === null) return;
      const missing = (await largeFiles(one)).filter(
        ({ object }) => !existsSync(join(lfs, 'objects', object)),
      );
      const paths = missing.map(({ path }) => path);
      if (paths.length > 0) throw new MissingLargeFiles(one.repository, one.commit, paths);
    }),
  );
}

/** The files of a commit that git LFS keeps, and their places below its `objects`.
 *  @throws NoGitLfs */
export async function largeFiles({
  repository,
  commit,
}: Pick<Submodule, 'repository' | 'commit'>): Promise<{ path: string; object: string }[]> {
  if (!isProgram('git-lfs')) throw new NoGitLfs(repository);
  const listing = await openGit(repository).raw('lfs', 'ls-files', '--long', commit);
  return [...listing.matchAll(/^([0-9a-f]{64}) [*-] (.+)$/gm)].map(([, id = '', path = '']) => ({
    path,
    object: `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`,
  }));
}

/** Where everything that belongs to a commit is on this computer: its own objects, those of its submodules,
 *  and the large files of git LFS. A submodule that is not checked out here stays empty there.
 *  @throws MissingSubmoduleCommit */
export async function checkoutOf({ root }: Pick<Project, 'root'>, commit: string): Promise<Checkout> {
  const [inner, lfs] = await Promise.all([submodules(root, commit, ''), lfsStorage(root)]);
  return { repository: root, commit, submodules: inner, lfs };
}

/** The submodules of a commit that are checked out here, with their own. @throws MissingSubmoduleCommit */
export async function submodulesAt(project: Project, commit: string): Promise<readonly Submodule[]> {
  return inLinks(project.root, await linksAt(project, commit), '');
}

/** @param prefix path of the repository in the project, with a slash behind it. */
async function submodules(root: string, commit: string, prefix: string): Promise<Submodule[]> {
  const listing = await openGit(join(root, prefix))
    .raw('ls-tree', '-r', '-z', '--full-tree', commit)
    .catch((error: Error) => {
      throw prefix === '' ? error : new MissingSubmoduleCommit(prefix.slice(0, -1), commit, root);
    });
  const entries = listing.split('\0').filter((entry) => entry.startsWith('160000 '));
  const links = entries.map((entry) => {
    const [, , id = ''] = entry.split(/[ \t]/, 3);
    return { id, path: entry.slice(entry.indexOf('\t') + 1) };
  });
  return inLinks(root, links, prefix);
}

async function inLinks(
  root: string,
  links: readonly { readonly id: string; readonly path: string }[],
  prefix: string,
): Promise<Submodule[]> {
  const found = await Promise.all(
    links.map(async ({ id, path: below }) => {
      const path = prefix + below;
      const repository = join(root, path);
      if (!isCheckedOut(root, path)) return [];
      const [inner, lfs] = await Promise.all([submodules(root, id, `${path}/`), lfsStorage(repository)]);
      return [{ path, repository, commit: id, lfs }, ...inner];
    }),
  );
  return found.flat();
}

/** Of the repository itself, also from a linked worktree; null: it does not use LFS. */
async function lfsStorage(root: string): Promise<string | null> {
  const git = openGit(root);
  const [folder, settings] = await Promise.all([
    git.raw('rev-parse', '--path-format=absolute', '--git-common-dir'),
    git.settings('lfs\\.storage'),
  ]);
  // The last one counts.
  const set = settings.trimEnd().split('\n').at(-1)?.replace('lfs.storage ', '') || 'lfs';
  const storage = resolve(folder.replace(/\n$/, ''), set);
  return existsSync(storage) || hasLfsAttribute(root) ? storage : null;
}

/** A clone that has fetched none of its large files has no folder for them. */
function hasLfsAttribute(root: string): boolean {
  const path = join(root, '.gitattributes');
  return existsSync(path) && /\bfilter=lfs\b/.test(readFileSync(path, 'utf8'));
}
