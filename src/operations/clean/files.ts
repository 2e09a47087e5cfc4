import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, command } from '../../shell/command.js';

/** What stays of a run: its receipt and what people said of it, what it measured, and its log. */
const staying = new Set(['run.json', 'parameters.json', 'notes.json', 'commands.sh', 'data']);
const stayingInData = new Set(['measures', 'logs', 'config']);

/** Files of a run that can be removed. */
export interface Removable {
  /** Absolute paths. */
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** What can be removed of a run. Links are not followed: where one stands in place of a folder of the run, nothing can.
 * @param folder the run's. @param whole its receipt and measures, too */
export function removableIn(folder: string, whole: boolean): Removable {
  if (!isFolder(folder)) return { paths: [], bytes: 0 };
  if (whole) return { paths: [folder], bytes: bytesOf(folder) };
  const data = join(folder, 'data');
  const paths = [
    ...readdirSync(folder)
      // Damaged notes that a person has put aside, too.
      .filter((name) => !staying.has(name) && !name.startsWith('notes.'))
      .map((name) => join(folder, name)),
    ...(isFolder(data) ? readdirSync(data) : [])
      .filter((name) => !stayingInData.has(name))
      .map((name) => join(data, name)),
  ];
  const sizes = paths.map((path) => ({ path, bytes: bytesOf(path) }));
  // Empty folders are not worth a word.
  const worth = sizes.filter(({ bytes }) => bytes > 0);
  return { paths: worth.map(({ path }) => path), bytes: worth.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The line that removes them. */
export const removing = ({ paths }: Removable): Command => command('rm', '-rf', '--', ...paths);

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** As `du` counts, roughly: the sizes of files; a file with several names counts once each. What cannot be read counts
 * as nothing. */
export function bytesOf(path: string | Buffer): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory()) return found.size;
  try {
    const prefix = Buffer.concat([Buffer.from(path as string), Buffer.from('/')]);
    let bytes = 0;
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      bytes += bytesOf(Buffer.concat([prefix, name]));
    return bytes;
  } catch {
    return 0;
  }
}
