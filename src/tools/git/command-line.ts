import { type Command, command } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';

/** A checkout of its own at `commit`: no alternates, no worktree (both break inside a container). */
export const checkOut = (repository: string, commit: string, into: Word): Command[] => [
  command('git', 'init', '--quiet', into),
  command('git', '-C', into, 'fetch', '--quiet', '--depth', '1', repository, commit),
  command('git', '-C', into, 'checkout', '--quiet', '--detach', 'FETCH_HEAD'),
];

/** Who makes snapshots: a commit of its tree and parent alone, so that equal trees give equal commits. */
const author = 'Logistician';
const email = 'logistician@localhost';

/** All files of the working tree, untracked ones too and ignored ones not, into an index of our own. */
export const addAll = (root: string, index: string, leaveOut: readonly string[]): Command => ({
  argv: [
    ...['git', '-C', root, 'add', '--all', '--', '.'],
    ...leaveOut.map((path) => `:(exclude,literal,top)${path}`),
  ],
  env: { GIT_INDEX_FILE: index },
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
