import { count } from '../phrases.js';
import { pasteable } from '../shell/word.js';
import { submodulesAt } from '../source/checkout.js';
import { gitMounts } from '../source/git-mounts.js';
import { linksOut } from '../source/links-out.js';
import type { Project } from '../source/project.js';
import type { GitMount } from '../tools/docker/lines.js';
import type { Session } from './session.js';

// Warnings about files that a job sees otherwise than the user may expect.

/** Up to three names, and the number of the others. */
export const someOf = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

/** Warns of submodules whose folder is empty for a job. */
export async function warnOfAbsent(
  { notify }: Pick<Session, 'notify'>,
  project: Project,
  { commit }: { readonly commit: string },
): Promise<void> {
  const { absent } = await submodulesAt(project, commit);
  if (absent.length === 0) return;
  notify.warn(
    `${count(absent.length, 'submodule')} not checked out here, so that jobs find an empty folder: ${someOf(absent)}. To have the files: ${pasteable`git -C ${project.root} submodule update --init --recursive`}`,
  );
}

/** The git directories that the container of a live tree gets. Warns of those that it does not get.
 *  @param commit its submodules are looked at */
export async function liveGit(
  { notify }: Pick<Session, 'notify'>,
  project: Project,
  { commit }: { readonly commit: string },
): Promise<readonly GitMount[]> {
  const { submodules } = await submodulesAt(project, commit);
  const { mounts, refused } = await gitMounts(
    project,
    submodules.map(({ path }) => path),
  );
  for (const folder of refused)
    notify.note(
      `git in this job does not find the repository ${folder}: it is outside of the working tree, and is mounted only if it names the tree as its own and the container has nothing else at that path.`,
    );
  return mounts;
}

/** Warns of uncommitted changes that git does not show. */
export function warnOfHidden({ notify }: Pick<Session, 'notify'>, paths: readonly string[]): void {
  if (paths.length === 0) return;
  notify.warn(
    `${count(paths.length, 'file')} with changes that git was told to ignore (assume-unchanged or skip-worktree): ${someOf(paths)}. Jobs get the committed files; with --snapshot, the changes.`,
  );
}

/** Warns of untracked files that the job sees and the receipt's commit does not contain. */
export function warnOfLeftOut({ notify }: Pick<Session, 'notify'>, paths: readonly string[]): void {
  if (paths.length === 0) return;
  notify.warn(
    `The receipt's snapshot has at most 50 MB of untracked files, and leaves out: ${someOf(paths)}. Let git ignore files that jobs write.`,
  );
}

/** Warns of links in inputs that are broken in a container. @param inputs absolute paths by name */
export function warnOfLinksOut(
  { notify }: Pick<Session, 'notify'>,
  inputs: Readonly<Record<string, string>>,
): void {
  for (const [name, folder] of Object.entries(inputs)) {
    const links = linksOut(folder);
    if (links.length === 0) continue;
    notify.warn(
      `${count(links.length, 'link')} in the input "${name}" ${links.length === 1 ? 'leads' : 'lead'} out of it, and will be broken in a job: ${someOf(links)}. To have the files: ${pasteable`cp -rL ${folder} ${folder}.whole`}, and use that folder.`,
    );
  }
}

/** Notes files that git ignores: the job of `run` sees them in the working tree, a deployed one gets a checkout without
 * them. */
export function noteIgnored({ notify }: Pick<Session, 'notify'>, paths: readonly string[]): void {
  if (paths.length === 0) return;
  notify.note(
    `git ignores ${someOf(paths)}: this job can see ${paths.length === 1 ? 'it' : 'them'}, a deployed one cannot (use "inputs" in parameters.json for data).`,
  );
}
