import { type Command, command, renderCommand } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { git, type How, noPrograms } from './git.js';
import { keptRef } from './kept.js';
import { prefixName } from './names.js';

/** Sends a commit and tags, and what of their history is not there yet, to a repository on a machine that `config` names.
 *  Plumbing does it: `git push` would run hooks, sign, add push options, rewrite the address and push submodules to
 *  their own remotes, each as the person has set it for remotes of their own.
 *  @param repository absolute path there. */
export const pushCommit = (
  root: string,
  config: string,
  machine: string,
  repository: string,
  ids: readonly string[],
): Command =>
  git(
    root,
    [
      ...['send-pack', '--quiet', '--thin', '--force', '--no-signed', `--receive-pack=${receivePack}`],
      `ssh://${machine}${encodeURI(repository)}`,
      ...ids.map((id) => `${id}:${keptRef(id)}`),
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

/** On the machine, too, the user's settings may have hooks for all repositories, and checks that old histories fail. */
const receivePack = 'git -c core.hooksPath=/dev/null -c receive.fsckObjects=false receive-pack';

/** Whether a push failed only because of the connection. Git prints the same if git on the machine fails or is missing,
 * but then also the reason. */
export const isHangUp = (stderr: string): boolean => {
  const said = stderr.split(/[\r\n]+/);
  const isOfGit = (line: string) => /^(fatal|error|remote):|not found$|No space left/.test(line);
  return said.some((line) => hungUp.test(line)) && !said.some((line) => isOfGit(line) && !hungUp.test(line));
};

const hungUp = /hung up unexpectedly|unexpected disconnect|Could not read from remote|^fatal: early EOF/;

/** Digits of a commit's id in a SHA-256 repository. */
const sha256 = 64;

/** The hash algorithm of a repository for this commit or tree. */
export const gitDefaultHash = (id: string): string => (id.length === sha256 ? 'sha256' : 'sha1');

/** Makes an empty repository that can hold that commit. The user's templates could add hooks and attributes, and their own
 * hooks would see its first branch; git before 2.28 does not know the option for the hash. */
export const initRepository = (into: Word, commit: string, ...options: readonly '--bare'[]): Command => ({
  ...command('git', '-c', 'core.hooksPath=/dev/null', 'init', '--quiet', ...options, '--template=', into),
  env: { GIT_DEFAULT_HASH: gitDefaultHash(commit) },
});

/** Disables settings and attributes of the user and of the machine. */
export const onlyTheCommit = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '0',
  GIT_ATTR_NOSYSTEM: '1',
} as const;

/** The id of the empty tree, which every repository knows. @param commit the one whose hash algorithm it uses */
export const emptyTree = (commit: string): string =>
  commit.length === sha256
    ? '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
    : '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

const ownIndex = (index: string): How => ({ settings: noPrograms, env: { GIT_INDEX_FILE: index } });

/** Puts a submodule's commit into an index. */
export const linkSubmodule = (root: string, index: string, path: string, commit: string): Command =>
  git(root, ['update-index', '--add', '--cacheinfo', `160000,${commit},${path}`], ownIndex(index));

/** The author of snapshots: a constant, so that equal trees with equal parents give equal commits. */
const author = 'Logistician';
const email = 'logistician@localhost';

/** Adds all files of the working tree, untracked but not ignored ones included, to an index of our own.
 * @param leaveOut paths, quoted by git.
 * @param sparse include those that a sparse checkout leaves out.
 * @param settings those that disable filters, see `withoutFilters`. */
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
      // Arguments cannot contain names that are not UTF-8; git can read its own quoted names from a list.
      ...(leaveOut.length > 0 ? ['--pathspec-from-file=-'] : ['--', '.']),
    ],
    {
      ...ownIndex(index),
      settings: [...noPrograms, 'core.safecrlf=false', ...settings],
    },
  ),
  ...(leaveOut.length > 0 && {
    input: {
      text: ['.', ...leaveOut.map((name) => prefixName(':(exclude,literal,top)', name)), ''].join('\n'),
    },
  }),
});

/** Adds files to an index again, without the marks that hide their changes from git.
 * @param entries lines of `ls-files --stage` */
export const showHidden = (root: string, index: string, entries: readonly string[]): Command => ({
  ...git(root, ['update-index', '--index-info'], {
    ...ownIndex(index),
    settings: [...noPrograms, 'core.ignoreStat=false'],
  }),
  input: { text: entries.map((entry) => `${entry}\n`).join('') },
});

export const writeTree = (root: string, index: string): Command => git(root, ['write-tree'], ownIndex(index));

/** @param date that of the parent, in git's raw format: `1700000000 +0100`. */
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

/** Whether a commit is one that `commitTree` made. @param raw the commit output of `git cat-file commit`. */
export const isSnapshotCommit = (raw: string): boolean => {
  const end = raw.indexOf('\n\n');
  const header = raw.slice(0, end);
  return header.includes(`\nauthor ${author} <${email}> `) && raw.startsWith(snapshotOf, end + 2);
};
