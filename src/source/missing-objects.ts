import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { emptyTree } from '../tools/git/lines.js';
import { openGit } from '../tools/git/reads.js';

/** A partial clone lacks files of the commit. */
export class MissingObjects extends UserError {
  constructor(repository: string, commit: string, missing: number) {
    const objects = `${missing} ${missing === 1 ? 'object' : 'objects'}`;
    super(
      `${repository} is a partial clone, and ${objects} of the commit ${commit.slice(0, 10)} have not been fetched. logistician does not fetch them, because a job may have changed the remote.`,
      [
        `${pasteable`git -C ${repository} diff --shortstat --no-ext-diff --no-renames ${emptyTree(commit)} ${commit}`}    # fetches them all`,
      ],
    );
  }
}

/** In a partial clone git would fetch each file when it is read, one at a time; a checkout for a job
 *  cannot. @throws MissingObjects */
export async function refuseMissingObjects(repository: string, commit: string): Promise<void> {
  const git = openGit(repository);
  const partial = await git.settings('extensions\\.partialclone', 'remote\\..*\\.promisor');
  if (partial === '') return;
  const listing = await git.raw('rev-list', '--objects', '--missing=print', '--no-walk', commit);
  const missing = listing.split('\n').filter((line) => line.startsWith('?')).length;
  if (missing > 0) throw new MissingObjects(repository, commit, missing);
}
