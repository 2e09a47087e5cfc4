import { isUtf8 } from 'node:buffer';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { type OwnFilter, ownFilters, withoutFilters } from '../tools/git/own-filters.js';
import { openGit } from '../tools/git/reads.js';
import { FilesElsewhere } from './project.js';

/** A file needs a program that no one but the repository itself asks for. */
export class UntrustedFilter extends UserError {
  constructor(filter: OwnFilter, root: string, path?: string) {
    const file = path ? `${path} in ${root} goes` : `Files in ${root} go`;
    super(
      `${file} through a program that only the repository's own configuration names: ${filter.name}. A job can write that configuration, so it is not run here. If it is yours, have it in your own:`,
      Object.entries(filter.says).map(([key, value]) => pasteable`git config --global ${key} ${value}`),
    );
  }
}

/** What of a working tree's configuration may not run when git looks at its files. */
export interface Look {
  /** Settings for git. */
  readonly settings: readonly string[];
  /** The same failure, in words that say what to do, if it comes of that; another failure is itself. */
  explain(error: unknown): unknown;
}

/** Read anew for each look: a job may have written the configuration since.
 *  @param inner paths of the repositories in it that are checked out, if they are known
 *  @throws UntrustedFilter where git can be given no setting for it */
export async function lookAt(root: string, inner?: readonly string[]): Promise<Look> {
  const filters = await filtersBelow(root, inner);
  const nameless = filters.find(({ name }) => name.includes('='));
  if (nameless) throw new UntrustedFilter(nameless, root);
  return {
    settings: withoutFilters(filters),
    explain(error) {
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

/** Those of the repository and of all that are inside it: git looks into them too, with the same settings. */
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

/** The name of a submodule as text: no argument can hold another, so it could not be asked what it would run.
 *  @throws UserError */
export function nameable(name: Buffer, root: string): string {
  if (isUtf8(name)) return name.toString();
  throw new UserError(
    `The submodule ${name} in ${root} has a name that is not in UTF-8: it cannot be looked at.`,
  );
}

/** Whether there is a repository of its own at a path in another: not where a link leads. */
export function isCheckedOut(root: string, path: string): boolean {
  try {
    const place = join(realpathSync(root), path);
    return realpathSync(place) === place && realpathSync(join(place, '.git')) !== '';
  } catch {
    return false;
  }
}
