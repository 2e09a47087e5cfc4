import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../errors.js';
import { installLines } from '../shell/programs.js';
import { pasteable } from '../shell/word.js';
import { type Git, openGit } from '../tools/git/reads.js';

export class NoRepository extends UserError {
  constructor(folder: string) {
    super(
      `${folder} is not in a git repository. An experiment belongs to a project in git, which is what pins its code.`,
      [pasteable`git init ${folder}`],
    );
  }
}

export class NoCommits extends UserError {
  constructor(root: string) {
    super(`The repository ${root} has no commits yet, so there is nothing to pin a run to.`, [
      pasteable`git -C ${root} add --all`,
      pasteable`git -C ${root} commit --message 'First commit'`,
    ]);
  }
}

export class GitUnavailable extends UserError {}

/** A job in `run` can write this setting; git would then take files for the project's that are none of it. */
export class FilesElsewhere extends UserError {
  constructor(folder: string, where: string) {
    super(
      `The repository of ${folder} says that its files are in ${where} (core.worktree), where it is not itself.`,
      [pasteable`git -C ${folder} config --unset core.worktree`],
    );
  }
}

/** The user's git repository, as it stands. Paths are absolute. */
export interface Project {
  readonly root: string;
  /** Where git keeps what is this working tree's own (its index). */
  readonly gitDirectory: string;
  readonly head: string;
  /** Id of the head's tree. */
  readonly headTree: string;
  /** null: a detached HEAD. */
  readonly branch: string | null;
  readonly remote: string | null;
  /** The working tree is to hold some of the files only. */
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
  const nothing = () => '';
  const [places, head, branch, settings] = await Promise.all([
    git.raw('rev-parse', '--show-toplevel', '--absolute-git-dir').catch((error: Error) => {
      throw translate(error, folder);
    }),
    git.raw('rev-parse', '--quiet', 'HEAD^{commit}', 'HEAD^{tree}').catch(nothing),
    git.raw('symbolic-ref', '--quiet', '--short', 'HEAD').catch(nothing),
    git.settings('core\\.sparsecheckout', 'remote\\.origin\\.url'),
  ]);
  const [root, gitDirectory] = places.split('\n');
  if (!root || !gitDirectory) throw new NoRepository(folder);
  if (!existsSync(join(root, '.git'))) throw new FilesElsewhere(folder, root);
  const [commit, tree] = head.split('\n');
  const remote = /^remote\.origin\.url (.+)$/m.exec(settings)?.[1] ?? null;
  return {
    root,
    gitDirectory,
    git: openGit(root),
    head: commit || null,
    headTree: tree || null,
    branch: branch.trim() || null,
    remote,
    sparse: /^core\.sparsecheckout true$/m.test(settings),
  };
}

/** @throws NoRepository, NoCommits, GitUnavailable */
export async function openProject(folder: string): Promise<Project> {
  const repository = await findRepository(folder);
  const { head, headTree } = repository;
  if (!head || !headTree) throw new NoCommits(repository.root);
  return { ...repository, head, headTree };
}

/** The path of a folder or file in its project, with `/` between its parts; '' for the root itself.
 *  @throws UserError if it lies outside. */
export function pathInProject(project: { readonly root: string }, path: string): string {
  const inside = relative(realpathSync(project.root), realpathSync(resolve(path)));
  if (inside === '..' || inside.startsWith(`..${sep}`)) {
    throw new UserError(`${path} lies outside its repository ${project.root}.`);
  }
  return inside.split(sep).join('/');
}

/** A name for the project on machines: the same for all clones that have its remote; for one without, this clone's own. */
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
