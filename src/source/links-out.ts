import { type Dirent, existsSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** The most entries of a folder that are checked. */
const mostEntries = 20_000;

/** Links below a folder that lead out of it, by their paths in it: they are broken where the folder is mounted. */
export function linksOut(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const top = realpathSync(folder);
  const found: string[] = [];
  const folders = [top];
  let seen = 0;
  for (let at = folders.shift(); at !== undefined && seen < mostEntries; at = folders.shift()) {
    for (const entry of entriesOf(at)) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink() && leadsOut(path, top)) found.push(relative(top, path));
      seen++;
    }
  }
  return found.sort();
}

/** Judged by its text only: the folder is mounted under another path. */
function leadsOut(link: string, top: string): boolean {
  const target = resolve(dirname(link), readlinkSync(link));
  return readlinkSync(link).startsWith('/') || !`${target}${sep}`.startsWith(`${top}${sep}`);
}

/** Empty for a folder without permission: the job will report it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
