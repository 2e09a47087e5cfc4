import { type BigIntStats, closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** More than any receipt or parameters.json has: 16 MiB. */
export const LARGEST = 16 * 2 ** 20;

/** What tells one content of a file from another without reading it. Texts of whole numbers. */
export interface Stamp {
  readonly size: string;
  /** Nanoseconds since 1970. */
  readonly mtime: string;
  /** Two files that were written in one tick of the clock differ in this. */
  readonly inode: string;
}

export const stampOf = ({ size, mtimeNs, ino }: BigIntStats): Stamp => ({
  size: String(size),
  mtime: String(mtimeNs),
  inode: String(ino),
});

export const isSameStamp = (one: Stamp, other: Stamp): boolean =>
  one.size === other.size && one.mtime === other.mtime && one.inode === other.inode;

/** A file that is not read. */
export class UnreadableFile extends Error {
  /** @param reason a predicate: `is no regular file`. */
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** What a file holds, with the stamp of just that; null: there is none. Jobs write in the folders that our files are in:
 *  a FIFO does not make it wait, nor an endless file fill the memory.
 *  @throws UnreadableFile */
export function readBounded(path: string, largest = LARGEST): { bytes: Buffer; stamp: Stamp } | null {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file, { bigint: true });
    if (!found.isFile()) throw new UnreadableFile('is no regular file');
    if (found.size > largest) throw new UnreadableFile(`has more than ${largest / 2 ** 20} MiB`);
    // Node reads as much as the file has at this moment.
    return { bytes: readFileSync(file), stamp: stampOf(found) };
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UnreadableFile(`cannot be opened (${code})`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
