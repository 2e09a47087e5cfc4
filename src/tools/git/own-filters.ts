// Git filters are programs named in the configuration. A job of `run` can write the configuration and the attributes of
// the working tree, and its filter would then run here, as the user, the next time we read the tree. The user's own
// configuration (global, system, command line) is out of reach of jobs. So of the repository's own filters only git-lfs
// runs, with the words that `git lfs install` writes; for any other one, git fails where it would need the program,
// rather than use wrong contents. Comparing the configuration before and after a job would not help: the next command
// would run what the job wrote.

/** A program that a repository's own configuration names. */
export interface OwnFilter {
  readonly name: string;
  /** All its settings, by key. */
  readonly says: Readonly<Record<string, string>>;
}

/** @param listing output of `git config --list --show-scope -z`. */
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

/** Settings with which git runs none of these, and fails where it would need one. */
export const withoutFilters = (filters: readonly OwnFilter[]): string[] =>
  filters.flatMap(({ name, says }) =>
    name.startsWith('lfs.')
      ? // A program that fails: without a program, git-lfs would skip it.
        Object.keys(says).flatMap((key) => (program.test(key) ? [`${key}=false`] : []))
      : // `process` takes precedence over the other two, and is disabled if empty.
        [`${name}.process=`, `${name}.required=true`],
  );

/** `filter.NAME`, and further programs of git-lfs: `lfs.extension.NAME`, `lfs.customtransfer.NAME`. */
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
