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
 *  @throws UntrustedFilter where git can be given no setting for it */
export async function lookAt(root: string): Promise<Look> {
  const filters = await filtersBelow(root);
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
async function filtersBelow(root: string): Promise<OwnFilter[]> {
  const git = openGit(root);
  const [listing, index, top] = await Promise.all([
    git.raw('config', '--list', '--show-scope', '-z'),
    git.raw(...quotedNames, 'ls-files', '--stage'),
    git.raw('rev-parse', '--show-toplevel'),
  ]);
  const where = top.replace(/\n$/, '');
  if (where !== realpathSync(root)) throw new FilesElsewhere(root, where);
  const links = index.split('\n').filter((line) => line.startsWith('160000 '));
  const names = links.map((line) => unquoteName(line.slice(line.indexOf('\t') + 1)));
  // No argument can hold it, so it cannot be asked what it would run.
  const unnameable = names.find((name) => !isUtf8(name));
  if (unnameable)
    throw new UserError(
      `The submodule ${unnameable} in ${root} has a name that is not in UTF-8: it cannot be looked at.`,
    );
  const inner = names.map(String).filter((path) => isCheckedOut(root, path));
  const below = await Promise.all(inner.map((path) => filtersBelow(join(root, path))));
  return [...ownFilters(listing), ...below.flat()];
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
