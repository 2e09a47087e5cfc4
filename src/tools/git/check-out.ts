import type { Command } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { git } from './git.js';
import { initRepository, onlyTheCommit } from './lines.js';

export interface Tag {
  /** Its full name, `refs/tags/NAME`. */
  readonly ref: string;
  /** Id of its target: a commit or, for an annotated tag, a tag object. */
  readonly id: string;
  /** The tagged commit. */
  readonly at: string;
  readonly annotated: boolean;
}

/** The further history in a checkout, for `git describe`. */
export interface History {
  /** Digits of the commit's short id in the repository of origin. */
  readonly digits: number;
  /** Whether it contains all earlier commits, without their files. */
  readonly commits: boolean;
  readonly tags: readonly Tag[];
}

/** A submodule at its commit, and a repository that contains it. */
export interface Submodule {
  /** Path in the project. */
  readonly path: string;
  readonly repository: string;
  readonly commit: string;
  readonly lfs: string | null;
  readonly history?: History;
}

/** The sources of a commit, its submodules and its large files. */
export interface Checkout {
  readonly repository: string;
  readonly commit: string;
  /** Outer ones before those inside them. */
  readonly submodules: readonly Submodule[];
  /** The folder of git LFS's objects; null: none. */
  readonly lfs: string | null;
  readonly history?: History;
}

/** A checkout of its own: no alternates, no worktree (both break inside a container), no remote. */
export const checkOut = (checkout: Checkout, into: Word): Command[] => [
  ...checkOutOne(checkout, into),
  ...checkout.submodules.flatMap((one) => checkOutOne(one, [into, `/${one.path}`])),
];

/** Works with old versions of git and any user settings: the files depend on the commit only. It fetches with plumbing,
 * which rewrites no addresses and does not descend into submodules. */
const checkOutOne = (
  { repository, commit, lfs, history }: Omit<Checkout, 'submodules'>,
  into: Word,
): Command[] => [
  initRepository(into, commit),
  fetchPack(into, ['--depth=1', repository, commit]),
  git(into, ['checkout', '--quiet', '--detach', commit], {
    settings: [
      'core.hooksPath=/dev/null',
      'core.attributesFile=/dev/null',
      // Needed if all files seem to belong to another user, since the user's own configuration is not read.
      'safe.directory=*',
      ...(lfs === null ? [] : [`lfs.storage=${lfs}`, ...lfsFilter]),
    ],
    env: {
      ...onlyTheCommit,
      ...(lfs !== null && { GIT_LFS_SKIP_SMUDGE: '0' }),
    },
  }),
  ...(history ? fetchHistory(repository, commit, into, history) : []),
];

const fetchPack = (into: Word, words: readonly string[]): Command => ({
  ...git(into, ['fetch-pack', '--quiet', '--no-progress', ...words], {
    // The older protocol only sends commits that have a ref.
    settings: ['protocol.version=2', 'fetch.fsckObjects=false'],
    env: { GIT_ALLOW_PROTOCOL: 'file' },
  }),
  // It lists what it has fetched, which would be in the log of a job that fails silently.
  output: '/dev/null',
});

/** Fetches the rest of the history without files: for git it is a partial clone. */
const fetchHistory = (
  repository: string,
  commit: string,
  into: Word,
  { digits, commits, tags }: History,
): Command[] => {
  const annotated = tags.flatMap(({ annotated, id }) => (annotated ? [id] : []));
  const asTags = tags.map(({ ref, id }) => `create ${ref} ${id}\n`).join('');
  return [
    // git chooses the length by the number of objects, which is smaller here.
    git(into, ['config', 'core.abbrev', String(digits)]),
    ...(commits
      ? [
          git(into, ['config', 'remote.history.promisor', 'true']),
          fetchPack(into, [...commitsAlone, repository, commit, ...annotated]),
        ]
      : annotated.length > 0
        ? [fetchPack(into, [repository, ...annotated])]
        : []),
    ...(tags.length > 0
      ? [
          {
            ...git(into, ['update-ref', '--stdin'], { settings: ['core.hooksPath=/dev/null'] }),
            input: { text: asTags },
          },
        ]
      : []),
  ];
};

/** The depth is git's value for the whole history. */
const commitsAlone = [
  ...['--depth=2147483647', '--filter=tree:0', '--from-promisor'],
  '--upload-pack=git -c uploadpack.allowFilter=true upload-pack',
];

/** The settings of `git lfs install`, which the user may have run for one clone only. */
const lfsFilter = [
  'filter.lfs.smudge=git-lfs smudge -- %f',
  'filter.lfs.process=git-lfs filter-process',
  'filter.lfs.required=true',
];
