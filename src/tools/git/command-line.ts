import { type Command, command, renderCommand } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { prefixName } from './names.js';

/** A submodule at its commit, and a repository that holds it. */
export interface Submodule {
  /** In the project. */
  readonly path: string;
  readonly repository: string;
  readonly commit: string;
  readonly lfs: string | null;
}

/** Where a commit and all that belongs to it are to be had. */
export interface Checkout {
  readonly repository: string;
  readonly commit: string;
  /** Outer ones before those inside them. */
  readonly submodules: readonly Submodule[];
  /** The folder of git LFS's objects; null: none. */
  readonly lfs: string | null;
}

/** A checkout of its own: no alternates, no worktree (both break inside a container), no remote. */
export const checkOut = ({ repository, commit, submodules, lfs }: Checkout, into: Word): Command[] => [
  ...checkOutOne(repository, commit, into, lfs),
  ...submodules.flatMap((one) => checkOutOne(one.repository, one.commit, [into, `/${one.path}`], one.lfs)),
];

const checkOutOne = (repository: string, commit: string, into: Word, lfs: string | null): Command[] => [
  command('git', 'init', '--quiet', ...(commit.length === sha256 ? ['--object-format=sha256'] : []), into),
  command('git', '-C', into, 'fetch', '--quiet', '--depth', '1', repository, commit),
  command(
    'git',
    '-C',
    into,
    ...(lfs === null ? [] : [`lfs.storage=${lfs}`, ...lfsFilter].flatMap((setting) => ['-c', setting])),
    'checkout',
    '--quiet',
    '--detach',
    'FETCH_HEAD',
  ),
];

/** Sends a commit, and what of its history is not there yet, to a repository on a machine that `config` names.
 *  @param repository absolute path there. */
export const pushCommit = (
  root: string,
  config: string,
  machine: string,
  repository: string,
  commit: string,
): Command => ({
  // The user's own hooks are for the user's own remotes.
  ...command(
    ...['git', '-C', root, 'push', '--quiet', '--no-verify', '--force'],
    ...[`ssh://${machine}${encodeURI(repository)}`, `${commit}:refs/logistician/${commit}`],
  ),
  env: { GIT_SSH_COMMAND: renderCommand(command('ssh', '-F', config)) },
});

/** What a push says when the connection is lost. On a full disk it says so too, for another reason. */
export const isHangUp = (stderr: string): boolean =>
  /hung up unexpectedly|unexpected disconnect|Could not read from remote/.test(stderr) &&
  !stderr.includes('No space left on device');

/** Digits of a commit's id in a repository of the newer kind. */
const sha256 = 64;

/** As `git lfs install` sets it, which may have been for the user's own clone only. */
const lfsFilter = [
  'filter.lfs.smudge=git-lfs smudge -- %f',
  'filter.lfs.process=git-lfs filter-process',
  'filter.lfs.required=true',
];

/** Puts a submodule's commit into an index. */
export const linkSubmodule = (root: string, index: string, path: string, commit: string): Command => ({
  argv: ['git', '-C', root, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`],
  env: { GIT_INDEX_FILE: index },
});

/** Who makes snapshots: a commit of its tree and parent alone, so that equal trees give equal commits. */
const author = 'Logistician';
const email = 'logistician@localhost';

/** All files of the working tree, untracked ones too and ignored ones not, into an index of our own.
 *  @param leaveOut paths as git lists them in quotes. @param sparse also those that a sparse checkout leaves out. */
export const addAll = (
  root: string,
  index: string,
  leaveOut: readonly string[],
  sparse: boolean,
): Command => ({
  argv: [
    ...['git', '-C', root, 'add', '--all', ...(sparse ? ['--sparse'] : [])],
    // No argument can hold a name that is not UTF-8; git reads its own quotes back from a list.
    ...(leaveOut.length > 0 ? ['--pathspec-from-file=-'] : ['--', '.']),
  ],
  env: { GIT_INDEX_FILE: index },
  ...(leaveOut.length > 0 && {
    input: {
      text: ['.', ...leaveOut.map((name) => prefixName(':(exclude,literal,top)', name)), ''].join('\n'),
    },
  }),
});

export const writeTree = (root: string, index: string): Command => ({
  argv: ['git', '-C', root, 'write-tree'],
  env: { GIT_INDEX_FILE: index },
});

/** @param date of the parent, as git writes it raw: `1700000000 +0100`. */
export const commitTree = (root: string, tree: string, parent: string, date: string): Command => ({
  argv: [
    'git',
    '-C',
    root,
    'commit-tree',
    tree,
    '-p',
    parent,
    '-m',
    `Snapshot of the working tree on ${parent}`,
  ],
  env: {
    GIT_AUTHOR_NAME: author,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  },
});

/** Keeps the commit from git's own cleaning; branches and HEAD stay where they are. */
export const keepCommit = (root: string, commit: string): Command =>
  command('git', '-C', root, 'update-ref', `refs/logistician/${commit}`, commit);
