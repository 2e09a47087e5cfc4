import { type Command, command } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { gitDefaultHash, onlyTheCommit } from '../git/lines.js';
import { type ImagePlan, programWordsOf } from './lines.js';

/** `docker build` of a git tree, never of a live folder: the tree is checked out into a temporary folder, so that
 * .dockerignore is respected, and git's archive attributes are not.
 * @param repository the one with the tree; of its settings only the location of git LFS files is used */
export function buildImage(
  docker: string,
  repository: Word,
  image: Omit<ImagePlan, 'bases'>,
  fresh = false,
): Command {
  const labels = Object.entries(image.labels).flatMap(([name, value]): Word[] => [
    '--label',
    [`${name}=`, value],
  ]);
  const { commit, folder } = image.within ?? { commit: image.tree, folder: '' };
  const leftOut = image.leftOut && (folder === '' ? image.leftOut : `${folder}/${image.leftOut}`);
  return {
    ...command(
      ...['sh', '-c', inContext, 'sh', repository, commit, folder, leftOut],
      ...[...programWordsOf(docker), 'build', '--force-rm', '--tag', image.tag, '--file', image.dockerfile],
      ...labels,
      ...(fresh ? ['--no-cache'] : []),
    ),
    env: { ...onlyTheCommit, GIT_LFS_SKIP_SMUDGE: '0', GIT_DEFAULT_HASH: gitDefaultHash(commit) },
  };
}

/** sh -c THIS sh REPOSITORY COMMIT FOLDER LEFT-OUT PROGRAM …: runs the program in the folder of the commit, with `.` as
 * its last word. The repository that checks it out borrows the objects, but not the settings. The program runs in the
 * background with `wait`, because a shell handles signals only then; so a signal ends the program, too. */
const inContext = [
  'set -eu; umask 022; d=$(mktemp -d)',
  `trap 'rm -rf "$d"' EXIT; trap 'kill $! 2>/dev/null; exit 130' HUP INT TERM`,
  String.raw`g=$(cd "$1" && cd "$(git -c safe.directory=\* rev-parse --git-common-dir)" && pwd)`,
  String.raw`l=$(git -C "$1" -c safe.directory=\* config lfs.storage || echo lfs)`,
  'cd "$g"; if [ -d "$l/objects" ]; then l=$(cd "$l" && pwd); else l=; fi',
  'mkdir "$d/files"; cd "$d/files"; git init --quiet --bare --template= "$d/git"',
  String.raw`printf '%s\n' "$g/objects" >"$d/git/objects/info/alternates"`,
  '(export GIT_DIR="$d/git" GIT_WORK_TREE="$d/files"',
  'git config core.attributesFile /dev/null',
  `if [ -n "$l" ]; then git config lfs.storage "$l"; git config filter.lfs.required true; git config filter.lfs.smudge 'git-lfs smudge -- %f'; fi`,
  'git read-tree "$2"',
  `git checkout --quiet -- ":(literal)\${3:-.}" \${4:+":(exclude,literal)$4"})`,
  'cd "./$3"; shift 4; "$@" . & wait $!',
].join('; ');
