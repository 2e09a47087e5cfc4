// A program that git runs for a file's contents is named in its configuration. In `run` a job can write the
// configuration of the live tree, and its attributes too: what is named there would run here, as the person, with the
// next look at the tree. What a person's own configuration names (global, system, the command line) no job reaches.
// So of a repository's own only git-lfs runs, by the words that `git lfs install` writes; for any other git fails
// where it would need the program, rather than take contents for something else. Comparing the configuration before
// and after a job would let the next command run what the job wrote.

/** A program that a repository's own configuration names. */
export interface OwnFilter {
  readonly name: string;
  /** All that the configuration says of it, by key. */
  readonly says: Readonly<Record<string, string>>;
}

/** @param listing what `git config --list --show-scope -z` prints. */
export function ownFilters(listing: string): OwnFilter[] {
  const settings = parse(listing);
  const persons = new Set(settings.filter(({ own }) => !own).map(({ key, value }) => `${key}\n${value}`));
  const foreign = settings.filter(
    ({ own, key, value }) =>
      own &&
      program.test(key) &&
      value !== '' &&
      !installed.has(`${key}=${value}`) &&
      !persons.has(`${key}\n${value}`),
  );
  const names = new Set(foreign.map(({ key }) => nameOf(key)));
  return [...names].map((name) => ({
    name,
    says: Object.fromEntries(
      settings.filter(({ own, key }) => own && nameOf(key) === name).map(({ key, value }) => [key, value]),
    ),
  }));
}

/** Settings with which git runs none of these, and fails where it would have to. */
export const withoutFilters = (filters: readonly OwnFilter[]): string[] =>
  filters.flatMap(({ name, says }) =>
    name.startsWith('lfs.')
      ? // Named with a program that fails: with none, git-lfs would pass over it.
        Object.keys(says).flatMap((key) => (program.test(key) ? [`${key}=false`] : []))
      : // A process goes before the other two, and one without a name is none.
        [`${name}.process=`, `${name}.required=true`],
  );

/** Settings with which git takes what it has stored for the contents, as a machine does to which it was sent. */
export const passedOver = (filters: readonly OwnFilter[]): string[] =>
  withoutFilters(filters).map((setting) => setting.replace(/\.required=true$/, '.required=false'));

/** `filter.NAME`, and what git-lfs runs beside its own: `lfs.extension.NAME`, `lfs.customtransfer.NAME`. */
const nameOf = (key: string): string => key.slice(0, key.lastIndexOf('.'));

const program =
  /^(filter\..*\.(clean|smudge|process)|lfs\.extension\..*\.(clean|smudge)|lfs\.customtransfer\..*\.path)$/s;

const installed: ReadonlySet<string> = new Set([
  'filter.lfs.clean=git-lfs clean -- %f',
  'filter.lfs.smudge=git-lfs smudge -- %f',
  'filter.lfs.smudge=git-lfs smudge --skip -- %f',
  'filter.lfs.process=git-lfs filter-process',
  'filter.lfs.process=git-lfs filter-process --skip',
]);

function parse(listing: string): { own: boolean; key: string; value: string }[] {
  const fields = listing.split('\0');
  return fields.flatMap((scope, place) => {
    const entry = fields[place + 1];
    if (place % 2 || entry === undefined) return [];
    const end = entry.indexOf('\n');
    const [key, value] = end < 0 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
    return [{ own: scope === 'local' || scope === 'worktree', key, value }];
  });
}
