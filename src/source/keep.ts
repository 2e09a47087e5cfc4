import type { Executor } from '../shell/executor.js';
import { keepCommit, keptRef } from '../tools/git/lines.js';
import { openGit } from '../tools/git/reads.js';
import { submodulesAt } from './checkout.js';
import type { Pin } from './pin.js';
import type { Project } from './project.js';

/** What has been kept in the time of a command. A dry run makes no refs that could be looked for. */
const kept = new WeakMap<Executor, Set<string>>();

/** Keeps a commit from git's own cleaning. */
export async function keep(executor: Executor, repository: string, commit: string): Promise<void> {
  await executor.change(keepCommit(repository, commit));
  const known = kept.get(executor) ?? new Set();
  kept.set(executor, known.add(keyOf(repository, commit)));
}

/** Keeps what a run is pinned to from git's own cleaning, the commits of submodules too: an amended commit whose
 *  reflog has expired would be gone, and the receipt would name nothing. For a run that is being recorded.
 *  @throws MissingSubmoduleCommit */
export async function keepPin(
  project: Project,
  executor: Executor,
  { commit }: Pick<Pin, 'commit'>,
): Promise<void> {
  const [own, submodules] = await Promise.all([
    isKept(executor, project.root, commit),
    submodulesAt(project, commit),
  ]);
  if (!own) await keep(executor, project.root, commit);
  for (const { repository, commit } of submodules)
    if (!(await isKept(executor, repository, commit))) await keep(executor, repository, commit);
}

const keyOf = (repository: string, commit: string) => `${commit} ${repository}`;

const isKept = async (executor: Executor, repository: string, commit: string): Promise<boolean> =>
  kept.get(executor)?.has(keyOf(repository, commit)) ||
  (await openGit(repository).raw('for-each-ref', '--count=1', keptRef(commit))) !== '';
