import { isUtf8 } from 'node:buffer';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { type OwnFilter, ownFilters, withoutFilters } from '../tools/git/own-filters.js';
import { openGit } from '../tools/git/reads.js';
import { isOfMissingLfs, NoGitLfs } from './no-git-lfs.js';
import { FilesElsewhere } from './project.js';

/** A file needs a filter program that only the repository's own configuration names. */
export class UntrustedFilter extends UserError {
  constructor(filter: OwnFilter, root: string, path?: string) {
    const file = path ? `${path} in ${root} goes` : `Files in ${root} go`;
    super(
      `${file} through a program that only the repository's own configuration names: ${filter.name}. A job can write that configuration, so it is not run here. If it is yours, have it in your own:`,
      Object.entries(filter.says).map(([key, value]) => pasteable`git config --global ${key} ${value}`),
    );
  }
}

/** A pipe, socket or device is in the place of a file that git knows. */
export class UnfitFile extends UserError {
  constructor(path: string, root: string) {
    super(`${path} in ${root} is neither a file nor a link, so no commit can hold it.`, [
      pasteable`ls -ld ${join(root, path)}`,
      `${pasteable`git -C ${root} checkout -- ${path}`}    # brings the file back as git has it`,
    ]);
  }
}

/** Settings that prevent programs of a working tree's configuration from running when git reads its files. */
export interface Look {
  /** Settings for git. */
  readonly settings: readonly string[];
  /** The error with a remedy, if these settings caused it; otherwise the error itself. */
  explain(error: unknown): unknown;
}

/** Reads the configuration again each time: a job may have written it since.
 * @param inner paths of checked-out repositories in it, if known @throws UntrustedFilter if no setting can disable a
 * program */
export async function lookAt(root: string, inner?: readonly string[]): Promise<Look> {
  const filters = await filtersBelow(root, inner);
  const nameless = filters.find(({ name }) => name.includes('='));
  if (nameless) throw new UntrustedFilter(nameless, root);
  return {
    settings: withoutFilters(filters),
    explain(error) {
      if (isOfMissingLfs(error)) return new NoGitLfs(root);
      const unfit =
        error instanceof Error && /^ *error: (.+): can only add regular files/m.exec(error.message);
      if (unfit) return new UnfitFile(unfit[1] ?? '', root);
      const failed =
        error instanceof Error && /(?:fatal|error): (.+): clean filter '(.+)' failed/.exec(error.message);
      const filter =
        failed &&
        filters.find(({ name }) =>
          [`filter.${failed[2]}`, 'lfs.extension'].some((one) => name.startsWith(one)),
        );
      return failed && filter ? new UntrustedFilter(filter, root, failed[1]) : error;
    },
  };
}

/** Filters of the repository and of all repositories inside it: git reads these, too, with the same settings. */
async function filtersBelow(root: string, known?: readonly string[]): Promise<OwnFilter[]> {
  const git = openGit(root);
  const [listing, inner, top] = await Promise.all([
    git.raw('config', '--list', '--show-scope', '-z'),
    known ?? innerRepositories(root),
    git.raw('rev-parse', '--show-toplevel'),
  ]);
  const where = top.replace(/\n$/, '');
  if (where !== realpathSync(root)) throw new FilesElsewhere(root, where);
  const below = await Promise.all(inner.map((path) => filtersBelow(join(root, path))));
  return [...ownFilters(listing), ...below.flat()];
}

/** Those of the index that are checked out. */
async function innerRepositories(root: string): Promise<readonly string[]> {
  const index = await openGit(root).raw(...quotedNames, 'ls-files', '--stage');
  const links = index.split('\n').filter((line) => line.startsWith('160000 '));
  const names = links.map((line) => unquoteName(line.slice(line.indexOf('\t') + 1)));
  return names.map((name) => nameable(name, root)).filter((path) => isCheckedOut(root, path));
}

/** The name of a submodule as text: other bytes cannot be passed as an argument, so its configuration could not be
 * read. @throws UserError */
export function nameable(name: Buffer, root: string): string {
  if (isUtf8(name)) return name.toString();
  throw new UserError(`The submodule ${name} in ${root} has a name that is not UTF-8, so it cannot be read.`);
}

/** Whether a path in a repository is another repository, and not a link to one. */
export function isCheckedOut(root: string, path: string): boolean {
  try {
    const place = join(realpathSync(root), path);
    return realpathSync(place) === place && realpathSync(join(place, '.git')) !== '';
  } catch {
    return false;
  }
}
