import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { accessLines } from '../shell/access.js';
import { pasteable } from '../shell/word.js';
import { markOf } from './file-mark.js';

/** Larger than any receipt or parameters.json: 16 MiB. */
export const LARGEST = 16 * 2 ** 20;

/** Detects a changed file without reading it. The values are integers as text. */
export interface Stamp {
  readonly size: string;
  /** Nanoseconds since 1970. */
  readonly mtime: string;
  /** Differs even for two files written in one tick of the clock. */
  readonly inode: string;
}

export const stampOf = ({ size, mtimeNs, ino }: BigIntStats): Stamp => ({
  size: String(size),
  mtime: String(mtimeNs),
  inode: String(ino),
});

export const isSameStamp = (one: Stamp, other: Stamp): boolean =>
  one.size === other.size && one.mtime === other.mtime && one.inode === other.inode;

/** A file that cannot or must not be read. */
export class UnreadableFile extends Error {
  /** @param reason a predicate: `is not a regular file`. */
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }

  /** Whether the user lacks permission for the file or for a folder of its path. */
  get denied(): boolean {
    const { code } = (this.cause ?? {}) as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM';
  }
}

/** The lines that mend it. */
export const mendingLines = (path: string, { denied }: UnreadableFile): string[] =>
  denied ? accessLines(path) : [pasteable`ls -ld ${path}`, pasteable`mv ${path} ${path}.old`];

/** Reads a file together with the stamp of that content; null: it does not exist. Jobs can write in the same folders,
 * so a FIFO must not block it, and a huge file must not fill the memory. @throws UnreadableFile */
export const readBounded = (path: string, largest = LARGEST): { bytes: Buffer; stamp: Stamp } | null =>
  opened(path, (file) => {
    const found = fstatSync(file, { bigint: true });
    refuse(found, largest);
    const size = Number(found.size);
    return { bytes: read(file, Buffer.allocUnsafe(size), size), stamp: stampOf(found) };
  });

/** The same, for very many files: with a mark that takes less to make, and bytes that hold until the next call.
 * @throws UnreadableFile */
export const readQuickly = (path: string, largest = LARGEST): { bytes: Buffer; mark: string } | null =>
  opened(path, (file) => {
    const found = fstatSync(file);
    refuse(found, largest);
    const into = found.size <= shared.length ? shared : Buffer.allocUnsafe(found.size);
    return { bytes: read(file, into, found.size), mark: markOf(found) };
  });

const shared = Buffer.allocUnsafeSlow(65_536);

function refuse(found: Stats | BigIntStats, largest: number): void {
  if (!found.isFile()) throw new UnreadableFile('is not a regular file');
  if (found.size > largest) throw new UnreadableFile(`has more than ${largest / 2 ** 20} MiB`);
}

function opened<T>(path: string, work: (file: number) => T): T | null {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return work(file);
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    const why = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : code;
    throw new UnreadableFile(`cannot be opened (${why})`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** So many bytes, which the stamp is of; fewer if the file was cut since. */
function read(file: number, bytes: Buffer, size: number): Buffer {
  let length = 0;
  while (length < size) {
    const count = readSync(file, bytes, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
