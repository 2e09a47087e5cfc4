/** An untracked file: its name quoted by git, its size in bytes. */
export interface Untracked {
  readonly name: string;
  readonly size: number;
}

/** The most bytes of untracked files in a snapshot: they stay in git permanently. */
export const mostUntracked = 50 * 1000 * 1000;

/** The untracked files to leave out so that the rest is within the limit: files that exceed it alone, then the largest
 * of the others. A folder without tracked files counts as one file, since its files belong together, and its name ends
 * in a slash.
 * @param tracked returns the names of tracked files, called only if needed
 * @returns names quoted by git */
export function beyondLimit(
  files: readonly Untracked[],
  tracked: () => readonly string[],
  most = mostUntracked,
): string[] {
  const large = files.filter(({ size }) => size > most);
  const others = files.filter(({ size }) => size <= most);
  let total = others.reduce((sum, { size }) => sum + size, 0);
  const left = large.map(({ name }) => name);
  if (total <= most) return left;
  for (const [name, size] of bySize(unitsOf(others, foldersOf(tracked())))) {
    if (total <= most) break;
    left.push(name);
    total -= size;
  }
  return left;
}

const bySize = (units: ReadonlyMap<string, number>) =>
  [...units].sort(([name, size], [other, than]) => than - size || (name < other ? -1 : 1));

/** Sizes of the files, and of the outermost folders without tracked files. */
function unitsOf(files: readonly Untracked[], tracked: ReadonlySet<string>): Map<string, number> {
  const units = new Map<string, number>();
  for (const { name, size } of files) {
    const own = folders(name).find((folder) => !tracked.has(folder));
    const unit = own === undefined ? name : quoted(`${own}/`);
    units.set(unit, (units.get(unit) ?? 0) + size);
  }
  return units;
}

const foldersOf = (names: readonly string[]): Set<string> => new Set(names.flatMap(folders));

/** The folders of a file, outer ones first, escaped as in git's quotes, but without the quotes. */
function folders(name: string): string[] {
  const parts = name.replace(/^"(.*)"$/s, '$1').split('/');
  return parts.slice(0, -1).map((_, place) => parts.slice(0, place + 1).join('/'));
}

/** Git quotes a name only if something in it is escaped. */
const quoted = (escaped: string): string => (escaped.includes('\\') ? `"${escaped}"` : escaped);
