import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, posix, relative, resolve } from 'node:path';
import { type GitMount, inside } from '../tools/docker/lines.js';
import { openGit } from '../tools/git/reads.js';
import type { Project } from './project.js';

/** The mounts that git in the container of a working tree needs. */
export interface GitMounts {
  readonly mounts: readonly GitMount[];
  /** Git directories outside of the tree that are not mounted. */
  readonly refused: readonly string[];
}

/** Git directories outside of a working tree (of a linked worktree or a submodule), at the paths where git in the
 * container looks for them. The file `.git` contains the path; since anyone may have written it, only a repository is
 * mounted that names this folder as its working tree.
 * @param submodules paths of those in the tree that are checked out */
export async function gitMounts(
  { root }: Pick<Project, 'root'>,
  submodules: readonly string[],
): Promise<GitMounts> {
  const mounts = new Map<string, GitMount>();
  const refused: string[] = [];
  for (const path of ['', ...submodules]) {
    const outside = outsideOf(root, path);
    if (outside === null) continue;
    const found = await mountsOf(join(root, path), outside).catch(() => null);
    const isUsable = found?.every(({ source, target }) => {
      const other = mounts.get(target)?.source;
      return isFree(target) && !source.includes('\n') && (other === undefined || other === source);
    });
    if (found && isUsable) for (const one of found) mounts.set(one.target, one);
    else refused.push(outside.directory);
  }
  return { mounts: [...mounts.values()], refused };
}

interface Outside {
  /** The git directory as `.git` names it, absolute. */
  readonly directory: string;
  /** Its path for git in the container. */
  readonly inContainer: string;
}

/** Where the git directory of a repository in the tree is, if that is outside of the tree. */
function outsideOf(root: string, path: string): Outside | null {
  const dot = join(root, path, '.git');
  const kind = lstatSync(dot, { throwIfNoEntry: false });
  if (!kind || kind.isDirectory()) return null;
  // A link would lead elsewhere in a container, and git uses no other kinds of files.
  const says = kind.isFile() && kind.size <= longest ? readFileSync(dot, 'utf8') : '';
  const named = /^gitdir: (.+?)[\r\n]*$/s.exec(says)?.[1];
  if (named === undefined) return { directory: dot, inContainer: '' };
  const directory = resolve(root, path, named);
  const isInside = !isAbsolute(named) && !/^\.\.(?:\/|$)/.test(relative(root, directory));
  return isInside ? null : { directory, inContainer: posix.resolve(inside.project, path, named) };
}

/** Of the file, in bytes: a path and a word. */
const longest = 8192;

/** null: the repository there does not name the folder as its working tree, or git in a container could not use it.
 * @param folder absolute */
async function mountsOf(
  folder: string,
  { directory, inContainer }: Outside,
): Promise<readonly GitMount[] | null> {
  const own = realpathSync(directory);
  const linked = lstatSync(join(own, 'commondir'), { throwIfNoEntry: false });
  if (linked) {
    const common = realpathSync(join(own, '..', '..'));
    const isItsOwn =
      lineOf(join(own, 'commondir')) === '../..' &&
      own.startsWith(join(common, 'worktrees/')) &&
      realpathSync(resolve(own, lineOf(join(own, 'gitdir')))) === realpathSync(join(folder, '.git'));
    return isItsOwn ? [{ source: common, target: posix.resolve(inContainer, '../..') }] : null;
  }
  const settings = await settingsOf(own);
  const worktree = settings.get('core.worktree');
  if (worktree === undefined || realpathSync(resolve(own, worktree)) !== realpathSync(folder)) return null;
  if (![...settings.keys()].every((name) => name === 'core.worktree' || isTolerable(name))) return null;
  // Its setting leads to a path that does not exist in containers. Without it, git uses the folder of the file as the
  // working tree.
  return [
    { source: own, target: inContainer },
    { source: '/dev/null', target: `${inContainer}/config` },
  ];
}

const lineOf = (path: string): string => {
  if (lstatSync(path).size > longest) throw new Error(`${path} is not git's`);
  return readFileSync(path, 'utf8').replace(/[\r\n]*$/, '');
};

/** Extensions without which git still reads the repository. */
const isTolerable = (name: string) =>
  /^extensions\.(?:worktreeconfig|partialclone|preciousobjects)$/.test(name);

/** A repository's own settings of its working tree and format. */
async function settingsOf(own: string): Promise<ReadonlyMap<string, string>> {
  const files = ['config', 'config.worktree'].map((name) => join(own, name));
  const texts = await Promise.all(
    files.map((file) =>
      openGit(own)
        .raw('config', '--file', file, '-z', '--get-regexp', String.raw`^(core\.worktree|extensions\..*)$`)
        .catch(() => ''),
    ),
  );
  return new Map(
    texts
      .flatMap((text) => text.split('\0').filter(Boolean))
      .map((entry): [string, string] => {
        const [name = '', ...value] = entry.split('\n');
        return [name, value.join('\n')];
      }),
  );
}

/** Whether the path does not overlap with a container's own folders. */
export const isFree = (target: string): boolean =>
  target !== '/' &&
  !target.includes('\n') &&
  [inside.project, inside.data, inside.home, posix.dirname(inside.secrets), '/proc', '/sys', '/dev'].every(
    (own) => !`${target}/`.startsWith(`${own}/`) && !`${own}/`.startsWith(`${target}/`),
  );
