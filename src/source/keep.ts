import type { Executor } from '../shell/executor.js';
import { keepCommit, keptRef } from '../tools/git/command-line.js';
import { openGit } from '../tools/git/engine.js';
import { checkoutOf } from './checkout.js';
import type { Pin } from './pin.js';
import type { Project } from './project.js';

/** Keeps what a run is pinned to from git's own cleaning, the commits of submodules too: an amended commit whose
 *  reflog has expired would be gone, and the receipt would name nothing. For a run that is being recorded.
 *  @throws MissingSubmoduleCommit */
export async function keepPin(
  project: Pick<Project, 'root'>,
  executor: Executor,
  { commit }: Pick<Pin, 'commit'>,
): Promise<void> {
  const { submodules } = await checkoutOf(project, commit);
  for (const { repository, commit: own } of [{ repository: project.root, commit }, ...submodules])
    if (!(await isKept(repository, own))) await executor.change(keepCommit(repository, own));
}

const isKept = async (repository: string, commit: string): Promise<boolean> =>
  (await openGit(repository).raw('for-each-ref', '--count=1', keptRef(commit))) !== '';
