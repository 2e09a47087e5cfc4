import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ownLine, typedAgain, UserError } from '../errors.js';
import { renderCommand } from '../shell/command.js';
import { pasteable } from '../shell/word.js';
import { keptRef, makeAgain } from '../tools/git/kept.js';
import { isSnapshotCommit } from '../tools/git/lines.js';
import { openGit } from '../tools/git/reads.js';
import { lookAt } from './look.js';
import { refuseMissingObjects } from './missing-objects.js';
import type { Project } from './project.js';

/** The commit to which a run is pinned. */
export interface Pin {
  readonly commit: string;
  /** Id of the commit's tree. */
  readonly tree: string;
  /** Whether the commit is one of ours, made from the working tree. */
  readonly snapshot: boolean;
  /** Whether a branch of the remote, as last seen here, contains the commit. */
  readonly pushed: boolean;
  /** Untracked files too large to be in a snapshot. */
  readonly leftOut: readonly string[];
}

export class DirtyTree extends UserError {
  /** @param changed in the format of git's short status.
   * @param submodules those of them that have changes of their own, which a commit here does not contain */
  constructor(
    readonly changed: readonly string[],
    root: string,
    submodules: readonly DirtySubmodule[] = [],
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
        ...submodules.map((one) => mendingOf(one)),
        pasteable`git -C ${root} add --all && git -C ${root} commit`,
        typedAgain('deploy', ['--snapshot'], 'runs the tree as it is, as a commit beside your branch'),
        typedAgain('deploy', ['--commit', 'HEAD'], 'runs the last commit, without these changes'),
      ],
    );
  }

  /** The same, with the command that rejoins the live deployment as its first remedy. */
  withLive(live: string): this {
    const rejoins = ownLine(
      'deploy',
      ['--wait', '--commit', live.slice(0, 10)],
      'continues the live deployment',
    );
    return Object.assign(this, { suggestions: [rejoins, ...this.suggestions] });
  }
}

/** A submodule with changes of its own. */
interface DirtySubmodule {
  /** Absolute. */
  readonly folder: string;
  /** The untracked file, if it is the only change; null: there are other changes. */
  readonly untracked: string | null;
  /** Its own exclude file, which is not part of commits. */
  readonly exclude: string;
}

/** The remedy, since no commit of the outer repository contains them. */
const mendingOf = ({ folder, untracked, exclude }: DirtySubmodule): string =>
  untracked === null
    ? `${pasteable`git -C ${folder} add --all && git -C ${folder} commit`}    # first there`
    : `${pasteable`echo ${`/${untracked}`} >> ${exclude}`}    # ignores it there, in this clone`;

/** At most three, as examples. */
async function dirtySubmodules(project: Project): Promise<DirtySubmodule[]> {
  const entries = (await status(project, '--porcelain=v2', '-z')).split('\0');
  const dirty = entries.flatMap((entry) => {
    const [, flags, path] = /^1 \S+ S(\S{3}) (?:\S+ ){5}(.*)$/s.exec(entry) ?? [];
    return flags !== undefined && path !== undefined && /[MU]/.test(flags) ? [{ flags, path }] : [];
  });
  return Promise.all(
    dirty.slice(0, 3).map(async ({ flags, path }) => {
      const folder = join(project.root, path);
      const git = openGit(folder);
      const [exclude, others] = await Promise.all([
        git.raw('rev-parse', '--git-path', 'info/exclude'),
        git.raw('ls-files', '--others', '--exclude-standard', '--directory', '-z'),
      ]);
      const untracked = flags.includes('M') ? null : (others.split('\0')[0] ?? null);
      return { folder, untracked: untracked || null, exclude: resolve(folder, exclude.trim()) };
    }),
  );
}

export class UnknownCommit extends UserError {
  /** Whether its files are, so that it can be made again. */
  readonly isKept: boolean;

  /** @param kept its id, if it was run and git has removed it since */
  constructor(name: string, root: string, kept: string | null = null) {
    super(
      kept
        ? `git has removed the commit "${name}" from ${root}, as it does once all reflogs are expired. Its files are kept, and it can be made again.`
        : `There is no commit "${name}" in ${root}.`,
      [kept ? renderCommand(makeAgain(root, kept)) : pasteable`git -C ${root} log --oneline --max-count 10`],
    );
    this.isKept = kept !== null;
  }
}

export class NotInCommit extends UserError {
  /** @param path in the repository */
  constructor(path: string, commit: string, root: string) {
    super(`${path} is not in the commit ${commit.slice(0, 10)}.`, [
      pasteable`git -C ${root} add ${path} && git -C ${root} commit`,
      ownLine('deploy', ['--snapshot']),
    ]);
  }
}

/** Changed and untracked paths, each with git's two letters, except a given file and the parameters.json of other
 * experiments. These are configuration: the arguments of a run are in its receipt. @throws UntrustedFilter */
export async function changes(project: Project, except: string): Promise<string[]> {
  const text = await status(
    project,
    ...['--porcelain', '-z', '--', '.'],
    ...(except ? [`:(exclude,top,literal)${except}`] : []),
  );
  const changed = text.split('\0').filter(Boolean);
  return changed.filter((change) => !isConfiguration(project.root, change.slice('XY '.length)));
}

const isConfiguration = (root: string, path: string): boolean =>
  basename(path) === 'parameters.json' && existsSync(join(root, dirname(path), 'Dockerfile'));

/** The output of `git status` without the user's settings: renames are not detected, untracked files and submodules are
 * listed. @throws UntrustedFilter */
export async function status(project: Project, ...words: string[]): Promise<string> {
  const { settings, explain } = await lookAt(project.root);
  const all = ['--no-renames', '--untracked-files=normal', '--ignore-submodules=none'];
  return project.git.rawWith(settings, 'status', ...all, ...words).catch((error: unknown) => {
    throw explain(error);
  });
}

/** The last commit, if the working tree has no changes.
 * @param parametersFile its changes are ignored, because it is configuration. @throws DirtyTree */
export async function pinHead(project: Project, parametersFile: string): Promise<Pin> {
  const changed = await changes(project, parametersFile);
  if (changed.length > 0) throw new DirtyTree(changed, project.root, await dirtySubmodules(project));
  return pinCommit(project, project.head);
}

/** A commit by any name that git knows. @throws UnknownCommit, MissingObjects */
export async function pinCommit(project: Project, name: string): Promise<Pin> {
  const commit = await project.git
    .raw('rev-parse', '--verify', '--end-of-options', `${name}^{commit}`)
    .then((id) => id.trim())
    .catch(async () => {
      throw new UnknownCommit(name, project.root, await keptCalled(project, name));
    });
  await refuseMissingObjects(project.root, commit);
  const [tree, snapshot, pushed] = await Promise.all([
    treeOf(project, commit),
    isSnapshot(project, commit),
    isPushed(project, commit),
  ]);
  return { commit, tree, snapshot, pushed, leftOut: [] };
}

/** The commit whose id begins like that, if its files are kept. */
async function keptCalled({ git }: Project, name: string): Promise<string | null> {
  if (!/^[0-9a-f]{7,64}$/.test(name)) return null;
  const listing = await git.raw('for-each-ref', '--format=%(refname:lstrip=2)', `${keptRef(name)}*`);
  const [one, another] = listing.split('\n').filter(Boolean);
  return one !== undefined && another === undefined ? one : null;
}

/** A ref does not prove it: every commit that has run has one. */
async function isSnapshot(project: Project, commit: string): Promise<boolean> {
  return isSnapshotCommit(await project.git.raw('cat-file', 'commit', commit));
}

export async function isPushed(project: Project, commit: string): Promise<boolean> {
  // Of a commit that was made again, those before may be gone.
  const missing = await project.git
    .raw('rev-list', '--count', '--max-count=1', commit, '--not', '--remotes')
    .catch(() => '');
  return missing.trim() === '0';
}

export async function treeOf(project: Project, commit: string): Promise<string> {
  return (await project.git.raw('rev-parse', '--verify', `${commit}^{tree}`)).trim();
}
