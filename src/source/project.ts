import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../errors.js';
import { installLines } from '../shell/programs.js';
import { pasteable } from '../shell/word.js';
import { type Git, openGit } from '../tools/git/reads.js';

export class NoRepository extends UserError {
  constructor(folder: string) {
    super(
      `${folder} is not in a git repository. An experiment belongs to a project in git, which is what pins its code.`,
      [initLine(folder)],
    );
  }
}

/** The line that creates a repository in the folder with the code; never in the home folder, or at the root of the
 * disk. */
function initLine(folder: string): string {
  const above = dirname(folder);
  const project = basename(above) === 'experiments' ? dirname(above) : folder;
  if (!isNoProject(project)) return `${pasteable`git init ${project}`}    # the folder that holds the code`;
  const own = join(homedir(), 'my-project');
  return `${pasteable`git init ${own}`}    # a folder of its own, for code and experiments: not ${project}`;
}

const isNoProject = (folder: string): boolean => {
  const inside = relative(folder, homedir());
  return inside === '' || !/^\.\.(?:\/|$)/.test(inside);
};

export class NoCommits extends UserError {
  constructor(root: string) {
    super(`The repository ${root} has no commits yet, so there is nothing to pin a run to.`, [
      ...(isNoProject(root) ? [] : [pasteable`git -C ${root} add --all`]),
      pasteable`git -C ${root} commit --allow-empty --message 'First commit'`,
    ]);
  }
}

export class GitUnavailable extends UserError {}

/** A job of `run` can write this setting; git would then treat foreign files as the project's. */
export class FilesElsewhere extends UserError {
  constructor(folder: string, where: string) {
    super(
      `The repository of ${folder} has its files in ${where} by its setting core.worktree, which is outside of it.`,
      [pasteable`git -C ${folder} config --unset core.worktree`],
    );
  }
}

/** The user's git repository in its present state. Paths are absolute. */
export interface Project {
  readonly root: string;
  /** The git directory of this working tree (with its index). */
  readonly gitDirectory: string;
  readonly head: string;
  /** Id of the head's tree. */
  readonly headTree: string;
  /** null: a detached HEAD. */
  readonly branch: string | null;
  /** URL of `origin`, without a password or a token in it; null: there is none. */
  readonly remote: string | null;
  /** Whether it is a sparse checkout. */
  readonly sparse: boolean;
  /** For reads. */
  readonly git: Git;
}

/** The folder's repository: its root, git directory and, where there is one, commit.
 *  @throws NoRepository, GitUnavailable, FilesElsewhere */
export async function findRepository(
  folder: string,
): Promise<Omit<Project, 'head' | 'headTree'> & { head: string | null; headTree: string | null }> {
  const git = openGit(folder);
  const [places, settings] = await Promise.all([
    placesOf(git).catch((error: Error) => {
      throw translate(error, folder);
    }),
    git.settings('core\\.sparsecheckout', 'remote\\.origin\\.url'),
  ]);
  const [root, gitDirectory, commit, tree, branch] = places.split('\n');
  if (!root || !gitDirectory) throw new NoRepository(folder);
  if (!existsSync(join(root, '.git'))) throw new FilesElsewhere(folder, root);
  const remote = /^remote\.origin\.url (.+)$/m.exec(settings)?.[1] ?? null;
  return {
    root,
    gitDirectory,
    git: openGit(root),
    head: commit || null,
    headTree: tree || null,
    branch: branch?.startsWith(heads) ? branch.slice(heads.length) : null,
    remote: remote && withoutSecret(remote),
    sparse: /^core\.sparsecheckout true$/m.test(settings),
  };
}

const heads = 'refs/heads/';

/** A URL without who signs in by it: receipts and archives hold it. Over HTTP the name may be the token; elsewhere it is
 * part of the address. */
export const withoutSecret = (url: string): string =>
  url.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/^([a-z][\w+.-]*:\/\/[^/:@]*):[^/@]*@/i, '$1@');

/** Lines: root, git directory and, if there is a commit, its id, its tree's id, and the full name of the current
 * branch. */
function placesOf(git: Git): Promise<string> {
  const places = ['--show-toplevel', '--absolute-git-dir'];
  return git
    .raw('rev-parse', ...places, 'HEAD^{commit}', 'HEAD^{tree}', '--symbolic-full-name', 'HEAD')
    .catch(() => git.raw('rev-parse', ...places));
}

/** @throws NoRepository, NoCommits, GitUnavailable */
export async function openProject(folder: string): Promise<Project> {
  const repository = await findRepository(folder);
  const { head, headTree } = repository;
  if (!head || !headTree) throw new NoCommits(repository.root);
  return { ...repository, head, headTree };
}

/** The path of a folder or file in its project, with `/` between its parts; '' for the root itself. @throws UserError
 * if it is outside. */
export function pathInProject(project: { readonly root: string }, path: string): string {
  const inside = relative(realpathSync(project.root), realpathSync(resolve(path)));
  if (inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new UserError(`${path} lies outside its repository ${project.root}.`);
  }
  return inside.split(sep).join('/');
}

/** The project's name on machines: the same for all clones of one remote; without a remote, unique to this clone. */
export function projectKey({ root, remote }: Pick<Project, 'root' | 'remote'>): string {
  const hash = createHash('sha256')
    .update(remote ?? `${hostname()}:${root}`)
    .digest('hex')
    .slice(0, 10);
  return `${basename(root).replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}-${hash}`;
}

function translate(error: Error, folder: string): Error {
  if (/not a git repository|must be run in a work tree/.test(error.message)) return new NoRepository(folder);
  const owner = /safe\.directory (\S+)/.exec(error.message);
  if (owner) {
    return new GitUnavailable(`git refuses the repository at ${folder}: it belongs to another user.`, [
      pasteable`git config --global --add safe.directory ${owner[1] ?? ''}`,
    ]);
  }
  if (/spawn git ENOENT/.test(error.message)) {
    return new GitUnavailable('git is not installed, or not on the PATH.', installLines('git'));
  }
  return error;
}
