import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { renderCommand } from '../shell/command.js';
import { pasteable } from '../shell/word.js';
import type { Checkout, Submodule } from '../tools/git/check-out.js';
import { keptRef, makeAgain } from '../tools/git/kept.js';
import { openGit } from '../tools/git/reads.js';
import { historyOf } from './history.js';
import { linksAt } from './listing.js';
import { isCheckedOut } from './look.js';
import type { Project } from './project.js';

class MissingSubmoduleCommit extends UserError {
  /** @param kept whether its files are, since it has run before */
  constructor(path: string, commit: string, root: string, kept: boolean) {
    super(`The submodule ${path} does not have the commit ${commit.slice(0, 10)} here.`, [
      ...(kept ? [renderCommand(makeAgain(join(root, path), commit))] : []),
      pasteable`git -C ${join(root, path)} fetch --all`,
      `${pasteable`git -C ${root} submodule update --init --recursive`}    # if the commit is checked out`,
    ]);
  }
}

/** Where everything that belongs to a commit is on this computer: its own objects, those of its submodules,
 *  and the large files of git LFS. A submodule that is not checked out here stays empty there.
 *  @throws MissingSubmoduleCommit */
export async function checkoutOf({ root }: Pick<Project, 'root'>, commit: string): Promise<Checkout> {
  const [{ submodules }, lfs, history] = await Promise.all([
    linksIn(root, commit, '').then((links) => inLinks(root, links, '')),
    lfsStorage(root),
    historyOf(root, commit),
  ]);
  const inner = submodules.map(async (one) => ({
    ...one,
    history: await historyOf(one.repository, one.commit),
  }));
  return { repository: root, commit, submodules: await Promise.all(inner), lfs, history };
}

/** The submodules of a commit that are checked out here, with their own, and the paths of those that are not.
 *  @throws MissingSubmoduleCommit */
export async function submodulesAt(project: Project, commit: string): Promise<Submodules> {
  return inLinks(project.root, await linksAt(project, commit), '');
}

export interface Submodules {
  readonly submodules: readonly Submodule[];
  /** Paths in the project; a checkout has empty folders there. */
  readonly absent: readonly string[];
}

interface Link {
  readonly id: string;
  readonly path: string;
}

/** @param prefix path of the repository in the project, ending in a slash. */
async function linksIn(root: string, commit: string, prefix: string): Promise<readonly Link[]> {
  const git = openGit(join(root, prefix));
  const listing = await git.raw('ls-tree', '-r', '-z', '--full-tree', commit).catch(async (error: Error) => {
    if (prefix === '') throw error;
    const kept = await git.raw('for-each-ref', keptRef(commit));
    throw new MissingSubmoduleCommit(prefix.slice(0, -1), commit, root, kept !== '');
  });
  const entries = listing.split('\0').filter((entry) => entry.startsWith('160000 '));
  return entries.map((entry) => {
    const [, , id = ''] = entry.split(/[ \t]/, 3);
    return { id, path: entry.slice(entry.indexOf('\t') + 1) };
  });
}

async function inLinks(root: string, links: readonly Link[], prefix: string): Promise<Submodules> {
  const found = await Promise.all(
    links.map(async ({ id, path: below }): Promise<Submodules> => {
      const path = prefix + below;
      const repository = join(root, path);
      if (!isCheckedOut(root, path)) return { submodules: [], absent: [path] };
      const [inner, lfs] = await Promise.all([
        linksIn(root, id, `${path}/`).then((own) => inLinks(root, own, `${path}/`)),
        lfsStorage(repository),
      ]);
      return { ...inner, submodules: [{ path, repository, commit: id, lfs }, ...inner.submodules] };
    }),
  );
  return {
    submodules: found.flatMap(({ submodules }) => submodules),
    absent: found.flatMap(({ absent }) => absent),
  };
}

/** The LFS folder of the repository, also for a linked worktree; null: it does not use LFS. */
export async function lfsStorage(root: string): Promise<string | null> {
  const folder = await lfsFolder(root);
  return existsSync(folder) || hasLfsAttribute(root) ? folder : null;
}

/** Where the repository has, or would have, its large files. */
export async function lfsFolder(root: string): Promise<string> {
  const git = openGit(root);
  const [folder, settings] = await Promise.all([
    git.raw('rev-parse', '--path-format=absolute', '--git-common-dir'),
    git.settings('lfs\\.storage'),
  ]);
  // The last setting wins.
  const set = settings.trimEnd().split('\n').at(-1)?.replace('lfs.storage ', '') || 'lfs';
  return resolve(folder.replace(/\n$/, ''), set);
}

/** A clone that has fetched none of its large files has no folder for them. */
function hasLfsAttribute(root: string): boolean {
  const path = join(root, '.gitattributes');
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return isFile && /\bfilter=lfs\b/.test(readFileSync(path, 'utf8'));
}
