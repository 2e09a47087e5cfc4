import type { History, Tag } from '../tools/git/check-out.js';
import { openGit } from '../tools/git/reads.js';

/** `git describe` looks at ten. */
const mostTags = 50;

/** In bytes; a longer tag is not a version. */
const longestTag = 65_536;

/** That many take 9 MB in each checkout, and a second. */
const mostCommits = 50_000;

/** The part of a commit's history that a checkout needs, so that `git describe` prints the same as in the repository.
 * @throws GitFailed if the commit does not exist there */
export async function historyOf(repository: string, commit: string): Promise<History> {
  const git = openGit(repository);
  const [name, tags] = await Promise.all([
    git.rawWith(['core.abbrev=auto'], 'rev-parse', '--short', commit),
    tagsOf(repository, commit),
  ]);
  const digits = name.trim().length;
  if (tags.length === 0) return { digits, commits: false, tags };
  if (await canBring(repository, commit)) return { digits, commits: true, tags };
  return { digits, commits: false, tags: tags.filter(({ at }) => at === commit) };
}

/** Whether the commits before one can be brought, all of them: they are not too many, and none is missing. From a clone
 *  without folders git cannot send commits alone. */
async function canBring(repository: string, commit: string): Promise<boolean> {
  const git = openGit(repository);
  const limit = `--max-count=${mostCommits + 1}`;
  const [commits, filters] = await Promise.all([
    git.raw('rev-list', '--count', limit, commit).then(Number, () => Infinity),
    git.settings('remote\\..*\\.partialclonefilter'),
  ]);
  return commits <= mostCommits && !/tree:|combine:|sparse:/.test(filters);
}

/** The newest tags of commits in the history. */
async function tagsOf(repository: string, commit: string): Promise<readonly Tag[]> {
  const format = '%(objecttype) %(objectsize) %(objectname) %(*objectname) %(refname)';
  const listing = await openGit(repository)
    .raw(
      ...['for-each-ref', `--merged=${commit}`, '--sort=-creatordate', `--count=${mostTags}`],
      ...[`--format=${format}`, 'refs/tags'],
    )
    .catch(() => '');
  return listing.split('\n').flatMap((line): Tag[] => {
    const [type, size, id = '', peeled, ref = ''] = line.split(' ');
    if (type === 'commit') return [{ ref, id, at: id, annotated: false }];
    return type === 'tag' && Number(size) <= longestTag && peeled
      ? [{ ref, id, at: peeled, annotated: true }]
      : [];
  });
}
