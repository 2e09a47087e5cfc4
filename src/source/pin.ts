import { ownLine, UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { isSnapshotCommit } from '../tools/git/lines.js';
import { lookAt } from './look.js';
import type { Project } from './project.js';

/** What a run is pinned to. */
export interface Pin {
  readonly commit: string;
  /** Id of the commit's tree. */
  readonly tree: string;
  /** Whether the commit is one of ours, made from the working tree. */
  readonly snapshot: boolean;
  /** Whether a branch of the remote, as last seen here, holds the commit. */
  readonly pushed: boolean;
  /** Untracked files too large to be in a snapshot. */
  readonly leftOut: readonly string[];
}

export class DirtyTree extends UserError {
  /** @param changed as git's short status has them. @param live the commit of a live deployment, if there is one. */
  constructor(
    readonly changed: readonly string[],
    root: string,
    live?: string,
  ) {
    const shown = changed.slice(0, 10).map((change) => `  ${change}`);
    const more = changed.length > shown.length ? [`  … and ${changed.length - shown.length} more`] : [];
    super(
      [
        'The working tree has changes that no commit holds, and a deployment runs a commit:',
        ...shown,
        ...more,
      ].join('\n'),
      [
        ...(live
          ? [ownLine('deploy', ['--wait', '--commit', live.slice(0, 10)], 'goes on with what is live')]
          : []),
        pasteable`git -C ${root} add --all && git -C ${root} commit`,
        ownLine('deploy', ['--snapshot'], 'runs the tree as it is, as a commit beside your branch'),
        ownLine('deploy', ['--commit', 'HEAD'], 'runs the last commit, without these changes'),
      ],
    );
  }
}

export class UnknownCommit extends UserError {
  constructor(name: string, root: string) {
    super(`There is no commit "${name}" in ${root}.`, [
      pasteable`git -C ${root} log --oneline --max-count 10`,
    ]);
  }
}

export class NotInCommit extends UserError {
  constructor(path: string, commit: string) {
    super(`${path} is not in the commit ${commit.slice(0, 10)} that is to run.`, [
      pasteable`git add ${path} && git commit`,
      ownLine('deploy', ['--snapshot']),
    ]);
  }
}

/** Paths that git calls changed or untracked, each with git's two letters, the ignored path left out.
 *  @throws UntrustedFilter */
export async function changes(project: Project, except: string): Promise<string[]> {
  const text = await status(
    project,
    ...['--porcelain', '-z', '--', '.'],
    ...(except ? [`:(exclude,top,literal)${except}`] : []),
  );
  return text.split('\0').filter(Boolean);
}

/** What `git status` says without the person's settings: renames are not paired, and untracked files and submodules are
 *  listed. @throws UntrustedFilter */
export async function status(project: Project, ...words: string[]): Promise<string> {
  const { settings, explain } = await lookAt(project.root);
  const all = ['--no-renames', '--untracked-files=normal', '--ignore-submodules=none'];
  return project.git.rawWith(settings, 'status', ...all, ...words).catch((error: unknown) => {
    throw explain(error);
  });
}

/** The last commit, if the working tree holds nothing else.
 *  @param parametersFile its changes do not count: it is configuration.
 *  @throws DirtyTree */
export async function pinHead(project: Project, parametersFile: string): Promise<Pin> {
  const changed = await changes(project, parametersFile);
  if (changed.length > 0) throw new DirtyTree(changed, project.root);
  return pinCommit(project, project.head);
}

/** A commit by any name that git knows. @throws UnknownCommit */
export async function pinCommit(project: Project, name: string): Promise<Pin> {
  const [commit, tree] = await project.git
    .raw('rev-parse', '--verify', '--end-of-options', `${name}^{commit}`)
    .then(async (id) => [id.trim(), await treeOf(project, id.trim())] as const)
    .catch(() => {
      throw new UnknownCommit(name, project.root);
    });
  const [snapshot, pushed] = await Promise.all([isSnapshot(project, commit), isPushed(project, commit)]);
  return { commit, tree, snapshot, pushed, leftOut: [] };
}

/** A ref says nothing of it: every commit that runs has one. */
async function isSnapshot(project: Project, commit: string): Promise<boolean> {
  return isSnapshotCommit(await project.git.raw('cat-file', 'commit', commit));
}

export async function isPushed(project: Project, commit: string): Promise<boolean> {
  const missing = await project.git.raw('rev-list', '--count', '--max-count=1', commit, '--not', '--remotes');
  return missing.trim() === '0';
}

export async function treeOf(project: Project, commit: string): Promise<string> {
  return (await project.git.raw('rev-parse', '--verify', `${commit}^{tree}`)).trim();
}
