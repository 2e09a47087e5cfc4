import { statfsSync } from 'node:fs';
import { DiskFull } from '../errors.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import { allKept, keepCommits, keptHistory, keptRef } from '../tools/git/kept.js';
import { openGit } from '../tools/git/reads.js';
import { submodulesAt } from './checkout.js';
import type { Pin } from './pin.js';
import type { Project } from './project.js';
import { changeAmongOthers } from './push.js';

/** Protects the commits of a run, including those of submodules, from git's garbage collection: an amended commit whose
 * reflog has expired would be deleted, and the receipt would name a missing commit. For a run that is being recorded.
 * @throws MissingSubmoduleCommit */
export async function keepPin(
  project: Project,
  executor: Executor,
  { commit }: Pick<Pin, 'commit'>,
): Promise<void> {
  const [, { submodules }] = await Promise.all([
    keep(executor, project.root, commit),
    submodulesAt(project, commit),
  ]);
  for (const { repository, commit } of submodules) await keep(executor, repository, commit);
}

async function keep(executor: Executor, repository: string, commit: string): Promise<void> {
  const git = openGit(repository);
  const isKept = async () => {
    const [type, entry] = await Promise.all([
      git.raw('for-each-ref', '--format=%(objecttype)', keptRef(commit)),
      // None once all reflogs were expired.
      git.raw('log', '-g', '-1', '--format=%H', keptHistory(commit), '--').catch(() => ''),
    ]);
    return type.trim() === 'tree' && entry.trim() !== '';
  };
  if (await isKept()) return;
  const all = await git.raw('for-each-ref', '--format=%(objecttype) %(refname:lstrip=2)', allKept);
  const visible = all.split('\n').flatMap((line) => {
    const [, id] = /^commit ([0-9a-f]+)$/.exec(line) ?? [];
    return id && id !== commit ? [id] : [];
  });
  const commits = [commit, ...visible.slice(0, mostAtOnce)];
  try {
    await changeAmongOthers(executor, keepCommits(repository, commits), isKept);
  } catch (error) {
    // Git does not say why it could not write a ref.
    if (!(error instanceof CommandFailed) || freeBytes(repository) > leastFree) throw error;
    throw new DiskFull(`${repository} could not keep the commit ${commit.slice(0, 10)}.`);
  }
}

/** With less, in bytes, a disk counts as full. */
const leastFree = 1024 * 1024;

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Builds before this one had refs that `git log --all` shows: so many of them are changed beside a new one. */
const mostAtOnce = 100;
