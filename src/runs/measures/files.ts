import { Buffer } from 'node:buffer';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from 'node:fs';

import { markOf, noFile } from '../file-mark.js';

// The files below a folder that a job wrote: there may be anything, of any size and by any name. Links are not followed.

/** A file, or a folder, below a folder. */
export interface Entry {
  /** Names from the folder on. Bytes that are not UTF-8 are shown as `\xe9`. */
  readonly path: readonly string[];
  /** What is opened: the path, or its bytes if these are not UTF-8. */
  readonly real: string | Buffer;
}

export interface Listing {
  readonly files: readonly Entry[];
  /** Folders, the first included, with their marks from before they were read, which tell whether names have changed. */
  readonly folders: readonly (Entry & { readonly mark: string })[];
  /** What is not read: `measures/x: a link, which is not followed`. */
  readonly problems: readonly string[];
}

const mostFiles = 1000;
const deepest = 4;

/** Lists the regular files, by name. A folder that does not exist is empty. */
export function filesBelow(folder: string): Listing {
  const files: Entry[] = [];
  const folders: Listing['folders'][number][] = [];
  const problems: string[] = [];
  const tell = (path: readonly string[], what: string) =>
    problems.push(`${['measures', ...path].join('/')}: ${what}`);
  const walk = (at: Entry, found: Stats) => {
    const entries = entriesIn(at.real);
    // Without a mark it is looked at again the next time: it may be readable then.
    folders.push({ ...at, mark: entries ? markOf(found) : noFile });
    if (!entries) tell(at.path, 'cannot be read');
    for (const { name, kind } of entries ?? []) {
      const path = [...at.path, nameOf(name)];
      const entry = { path, real: joined(at.real, name) };
      if (files.length >= mostFiles) {
        tell([], `more than ${mostFiles} files: the others are not read`);
        return;
      }
      if (kind === 'file') files.push(entry);
      else if (kind === 'folder' && path.length < deepest) enter(entry);
      else tell(path, kind === 'folder' ? 'a folder too deep' : kind);
    }
  };
  const enter = (at: Entry) => {
    try {
      const found = lstatSync(at.real, { throwIfNoEntry: false });
      if (found?.isDirectory()) walk(at, found);
      // A link in its place would lead elsewhere.
      else if (found) tell(at.path, found.isFile() ? 'not a folder' : kindOf(found));
    } catch {
      tell(at.path, 'cannot be read');
    }
  };
  enter({ path: [], real: folder });
  return { files, folders, problems: [...new Set(problems)] };
}

type Name = string | Buffer;

const joined = (folder: Name, name: Name): Name =>
  typeof folder === 'string' && typeof name === 'string'
    ? `${folder}/${name}`
    : Buffer.concat([Buffer.from(folder), slash, Buffer.from(name)]);

const slash = Buffer.from('/');

/** null: it cannot be read. */
function entriesIn(folder: Name): { readonly name: Name; readonly kind: string }[] | null {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    // A name that is not UTF-8 is only known by its bytes, which take longer.
    if (!entries.some(({ name }) => name.includes('\ufffd')))
      return entries
        .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    return (
      readdirSync(folder, { encoding: 'buffer', withFileTypes: true })
        // The types of Node's own module know no names as bytes here.
        .map((entry) => ({ name: entry.name as unknown as Buffer, kind: kindOf(entry) }))
        .sort((one, other) => Buffer.compare(one.name, other.name))
    );
  } catch {
    return null;
  }
}

function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): string {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  return entry.isSymbolicLink() ? 'a link, which is not followed' : 'not a regular file';
}

function nameOf(bytes: Name): string {
  if (typeof bytes === 'string') return bytes;
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) return text;
  return [...bytes]
    .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`))
    .join('');
}

/** Opens a regular file for reading, never waiting for a pipe; null: it is none, or cannot be read. */
export function withFile<T>(path: Name, work: (file: number, size: number, found: Stats) => T): T | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const found = fstatSync(file);
    return found.isFile() ? work(file, found.size, found) : null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

/** So many bytes from a place on; fewer at the end of the file.
 * @param into where they are put: it is as long at least */
export function bytesAt(
  file: number,
  from: number,
  length: number,
  bytes: Buffer = Buffer.allocUnsafe(length),
): Buffer {
  return bytes.subarray(0, readSync(file, bytes, 0, length, from));
}

/** Whole lines of a file from a byte on, without the last line break, as many as fit a block. The last line of all may be
 * unfinished: then it comes alone, and `isWhole` is false.
 * @param longest a longer line is cut, in bytes */
export function* blocksOf(
  file: number,
  from: number,
  size: number,
  longest = piece,
): Generator<{ readonly text: string; readonly isWhole: boolean }> {
  let rest: Buffer | null = null;
  for (let at = from; at < size; ) {
    const kept: number = rest?.length ?? 0;
    const into: Buffer = kept + piece <= block.length ? block : Buffer.allocUnsafe(kept + piece);
    rest?.copy(into);
    const count = readSync(file, into, kept, Math.min(piece, size - at), at);
    if (count === 0) break;
    at += count;
    let bytes = into.subarray(0, kept + count);
    if (kept >= longest) {
      // Of a line that is too long, only the beginning counts.
      const end = bytes.indexOf(0x0a, kept);
      if (end < 0) continue;
      bytes = Buffer.concat([bytes.subarray(0, kept), bytes.subarray(end)]);
    }
    const end = bytes.lastIndexOf(0x0a);
    const text = end < 0 ? null : bytes.toString('utf8', 0, end);
    rest = end + 1 < bytes.length ? Buffer.from(bytes.subarray(end + 1, end + 1 + longest)) : null;
    if (text !== null) yield { text, isWhole: true };
  }
  if (rest) yield { text: rest.toString('utf8'), isWhole: false };
}

const piece = 65_536;

/** Used again for each block: many small files are read. */
const block = Buffer.allocUnsafeSlow(2 * piece);

/** The lines of a file from a byte on. The last one may be unfinished: `isWhole` is false without a line break.
 * @param longest a longer line is cut, in bytes */
export function* linesOf(
  file: number,
  from: number,
  size: number,
  longest?: number,
): Generator<{ readonly line: string; readonly isWhole: boolean }> {
  for (const { text, isWhole } of blocksOf(file, from, size, longest))
    for (const line of text.split('\n')) yield { line, isWhole };
}
