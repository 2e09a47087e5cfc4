import { type Command, command, renderCommand } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { git, type How, noPrograms } from './git.js';
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

/** On a machine of any age, for a user with any settings: the files depend on the commit alone. Plumbing fetches:
 *  it rewrites no addresses and descends into no submodules. */
const checkOutOne = (repository: string, commit: string, into: Word, lfs: string | null): Command[] => [
  {
    // The person's templates bring hooks and attributes; the option for the hash is unknown to git before 2.28.
    ...command('git', 'init', '--quiet', '--template=', into),
    env: { GIT_DEFAULT_HASH: commit.length === sha256 ? 'sha256' : 'sha1' },
  },
  git(into, ['fetch-pack', '--quiet', '--no-progress', '--depth=1', repository, commit], {
    // The older protocol gives commits with a ref only.
    settings: ['protocol.version=2', 'fetch.fsckObjects=false'],
    env: { GIT_ALLOW_PROTOCOL: 'file' },
  }),
  git(into, ['checkout', '--quiet', '--detach', commit], {
    settings: [
      'core.hooksPath=/dev/null',
      'core.attributesFile=/dev/null',
      // Where all files seem to be another user's, the user's configuration says so, and is not read.
      'safe.directory=*',
      ...(lfs === null ? [] : [`lfs.storage=${lfs}`, ...lfsFilter]),
    ],
    env: {
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_COUNT: '0',
      GIT_ATTR_NOSYSTEM: '1',
      ...(lfs !== null && { GIT_LFS_SKIP_SMUDGE: '0' }),
    },
  }),
];

/** Sends a commit, and what of its history is not there yet, to a repository on a machine that `config` names.
 *  Plumbing does it: `git push` would run hooks, sign, add push options, rewrite the address and push submodules to
 *  their own remotes, each as the person has set it for remotes of their own.
 *  @param repository absolute path there. */
export const pushCommit = (
  root: string,
  config: string,
  machine: string,
  repository: string,
  commit: string,
): Command =>
  git(
    root,
    [
      ...['send-pack', '--quiet', '--thin', '--force', '--no-signed', `--receive-pack=${receivePack}`],
      ...[`ssh://${machine}${encodeURI(repository)}`, `${commit}:${keptRef(commit)}`],
    ],
    {
      settings: ['push.negotiate=false'],
      env: {
        GIT_SSH_COMMAND: renderCommand(command('ssh', '-F', config)),
        GIT_SSH_VARIANT: 'ssh',
        GIT_ALLOW_PROTOCOL: 'ssh',
        // What it complains of is recognized by its words.
        LC_ALL: 'C',
      },
    },
  );

/** There, too, the user may have hooks for all repositories, and an eye on old histories. */
const receivePack = 'git -c core.hooksPath=/dev/null -c receive.fsckObjects=false receive-pack';

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

const ownIndex = (index: string): How => ({ settings: noPrograms, env: { GIT_INDEX_FILE: index } });

/** Puts a submodule's commit into an index. */
export const linkSubmodule = (root: string, index: string, path: string, commit: string): Command =>
  git(root, ['update-index', '--add', '--cacheinfo', `160000,${commit},${path}`], ownIndex(index));

/** Who makes snapshots: a commit of its tree and parent alone, so that equal trees give equal commits. */
const author = 'Logistician';
const email = 'logistician@localhost';

/** All files of the working tree, untracked ones too and ignored ones not, into an index of our own.
 *  @param leaveOut paths as git lists them in quotes. @param sparse also those that a sparse checkout leaves out.
 *  @param settings that keep filters from running, see `withoutOwnFilters`. */
export const addAll = (
  root: string,
  index: string,
  leaveOut: readonly string[],
  sparse: boolean,
  settings: readonly string[] = [],
): Command => ({
  ...git(
    root,
    [
      ...['add', '--all', '--no-ignore-errors', ...(sparse ? ['--sparse'] : [])],
      // No argument can hold a name that is not UTF-8; git reads its own quotes back from a list.
      ...(leaveOut.length > 0 ? ['--pathspec-from-file=-'] : ['--', '.']),
    ],
    { ...ownIndex(index), settings: [...noPrograms, 'core.safecrlf=false', ...settings] },
  ),
  ...(leaveOut.length > 0 && {
    input: {
      text: ['.', ...leaveOut.map((name) => prefixName(':(exclude,literal,top)', name)), ''].join('\n'),
    },
  }),
});

export const writeTree = (root: string, index: string): Command => git(root, ['write-tree'], ownIndex(index));

/** @param date of the parent, as git writes it raw: `1700000000 +0100`. */
export const commitTree = (root: string, tree: string, parent: string, date: string): Command =>
  git(root, ['commit-tree', tree, '-p', parent, '-m', `${snapshotOf}${parent}`], {
    settings: ['i18n.commitEncoding=UTF-8'],
    env: {
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    },
  });

const snapshotOf = 'Snapshot of the working tree on ';

/** Whether a commit is one that `commitTree` made. @param raw the commit as `git cat-file commit` prints it. */
export const isSnapshotCommit = (raw: string): boolean => {
  const end = raw.indexOf('\n\n');
  const header = raw.slice(0, end);
  return header.includes(`\nauthor ${author} <${email}> `) && raw.startsWith(snapshotOf, end + 2);
};

/** Keeps the commit from git's own cleaning; branches and HEAD stay where they are. */
export const keepCommit = (root: string, commit: string): Command =>
  git(root, ['update-ref', keptRef(commit), commit], { settings: ['core.hooksPath=/dev/null'] });

/** The ref that keeps a commit. */
export const keptRef = (commit: string): string => `refs/logistician/${commit}`;
