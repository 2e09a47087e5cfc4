import { type Command, command } from '../../shell/command.js';

// How commits in the project's repository are protected from git's garbage collection:
//
//   refs/logistician/COMMIT           a tree of `files`, the commit's own tree, and `commit`, its text
//   refs/logistician/history/COMMIT   the first commit of the history; the ref's reflog names COMMIT
//
// `git log --all` shows neither: it walks no trees, and reads no reflogs. gc keeps both, and the commits before with
// the second. Only an explicit expiry of all reflogs drops it; then the commit is created again from the first.

/** The ref of a commit. On machines it points to the commit itself. */
export const keptRef = (commit: string): string => `${kept}/${commit}`;

const kept = 'refs/logistician';
const histories = `${kept}/history`;

/** The ref whose reflog names a commit. */
export const keptHistory = (commit: string): string => `${histories}/${commit}`;

/** For `for-each-ref`: the refs of all protected commits. */
export const allKept = `${kept}/*`;

/** Protects commits from git's garbage collection, without moving branches or HEAD. */
export const keepCommits = (root: string, commits: readonly string[]): Command => ({
  ...command('sh', '-c', keeping, 'sh', root, ...commits),
  env: {
    GIT_COMMITTER_NAME: 'Logistician',
    GIT_COMMITTER_EMAIL: 'logistician@localhost',
    // In the year 2100: an entry of a reflog expires by its date.
    GIT_COMMITTER_DATE: '@4102444800 +0000',
    // Its errors are recognised by their text.
    LC_ALL: 'C',
  },
});

/** sh -c THIS sh REPOSITORY COMMIT …. The ref that marks a commit as protected is written last. */
const keeping = [
  'set -eu; r=$1; shift',
  'g() { git -C "$r" -c core.hooksPath=/dev/null "$@"; }',
  `o=$(g for-each-ref --count=1 '--format=%(objectname)' ${histories})`,
  '[ -n "$o" ] || o=$(g rev-list --max-parents=0 "$1" | tail -n 1)',
  [
    'for c; do t=$(g rev-parse --verify "$c^{tree}")',
    'b=$(g cat-file commit "$c" | g hash-object -w --stdin)',
    String.raw`w=$(printf '100644 blob %s\tcommit\n040000 tree %s\tfiles\n' "$b" "$t" | g mktree)`,
    `g update-ref --create-reflog -m kept "${histories}/$c" "$c"`,
    `g update-ref -m kept "${histories}/$c" "\${o:-$c}"`,
    `g update-ref "${kept}/$c" "$w"; done`,
  ].join('; '),
].join('; ');

/** Creates a commit again from its ref. */
export const makeAgain = (root: string, commit: string): Command => ({
  ...command('git', '-C', root, 'hash-object', '-w', '-t', 'commit', '--stdin'),
  input: { from: command('git', '-C', root, 'cat-file', 'blob', `${keptRef(commit)}:commit`) },
});
