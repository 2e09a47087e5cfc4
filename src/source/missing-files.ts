import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import type { Executor } from '../shell/executor.js';
import { isProgram } from '../shell/programs.js';
import { pasteable } from '../shell/word.js';
import type { Checkout, Submodule } from '../tools/git/check-out.js';
import { openGit } from '../tools/git/reads.js';
import { refuseFilteredFiles } from './filtered-files.js';
import { refuseMissingObjects } from './missing-objects.js';
import { NoGitLfs } from './no-git-lfs.js';

class MissingLargeFiles extends UserError {
  constructor(repository: string, commit: string, missing: readonly string[]) {
    const shown = missing.slice(0, 5).map((path) => `\n  ${path}`);
    const more = missing.length > shown.length ? `\n  … and ${missing.length - shown.length} more` : '';
    super(
      `Files of git LFS in the commit ${commit.slice(0, 10)} are not on this computer, only their names:${shown.join('')}${more}`,
      [pasteable`git -C ${repository} lfs pull`, pasteable`git -C ${repository} lfs fetch --all`],
    );
  }
}

type Part = Pick<Submodule, 'repository' | 'commit' | 'lfs'>;

/** Refuses a commit whose checkout would have other files than the working tree. @throws MissingLargeFiles, NoGitLfs,
 * MissingObjects, FilteredFiles */
export async function refuseMissingFiles(executor: Executor, checkout: Checkout): Promise<void> {
  await Promise.all(
    [checkout, ...checkout.submodules].map(async (part) => {
      await refuseMissingObjects(part.repository, part.commit);
      await Promise.all([refuseMissingLargeFiles(part), refuseFilteredFiles(executor, part)]);
    }),
  );
}

async function refuseMissingLargeFiles(part: Part): Promise<void> {
  const { repository, commit, lfs } = part;
  if (lfs === null) return;
  const missing = (await largeFiles(part)).filter(({ object }) => !existsSync(join(lfs, 'objects', object)));
  const paths = missing.map(({ path }) => path);
  if (paths.length > 0) throw new MissingLargeFiles(repository, commit, paths);
}

/** The files of a commit in git LFS, and their paths below its `objects`. @throws NoGitLfs */
export async function largeFiles({
  repository,
  commit,
}: Pick<Submodule, 'repository' | 'commit'>): Promise<{ path: string; object: string }[]> {
  if (!isProgram('git-lfs')) throw new NoGitLfs(repository);
  const listing = await openGit(repository).raw('lfs', 'ls-files', '--long', commit);
  return [...listing.matchAll(/^([0-9a-f]{64}) [*-] (.+)$/gm)].map(([, id = '', path = '']) => ({
    path,
    object: `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`,
  }));
}
