import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashesOfInput, InputEntry } from './input-hashes.js';

/** Files that are read concurrently: more would not be faster, and would disturb other programs. */
const atATime = 4;

const chunkBytes = 2 ** 20;

/** One hash for what an input holds: that of the lines that `sha256sum -z` prints of its files, sorted by name; for an
 * input that is a file, that of the file. Each link is a line too, and what is neither, with its kind in the hash's
 * place. Files whose stamp is unchanged are not read again.
 * @param progress receives the bytes read so far, and all bytes to read
 * @returns null if a file cannot be read, or changed meanwhile */
export async function contentHash(
  top: Buffer,
  entries: readonly InputEntry[],
  known: HashesOfInput,
  progress: (read: number, toRead: number) => void,
): Promise<string | null> {
  const files = entries.filter(({ stats }) => stats?.isFile());
  const hashes = new Map<InputEntry, string>();
  for (const file of files) {
    const hash = known.find(file);
    if (hash) hashes.set(file, hash);
  }
  const fresh = files.filter((file) => !hashes.has(file));
  const toRead = fresh.reduce((sum, { stats }) => sum + Number(stats?.size), 0);
  let read = 0;
  const count = (bytes: number) => {
    read += bytes;
    progress(read, toRead);
  };
  const queue = fresh.values();
  const work = async () => {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (const file of queue) {
      const hash = await hashOf(top, file, buffer, count);
      if (hash) hashes.set(file, hash);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, fresh.length) }, work));
  if (fresh.length > 0) known.keep(hashes);
  if (hashes.size < files.length || entries.some(({ stats }) => stats === null)) return null;
  const [only] = entries;
  if (only?.name.length === 0) return hashes.get(only) ?? null;
  const all = createHash('sha256');
  for (const entry of entries)
    all
      .update(hashes.get(entry) ?? kindOf(entry))
      .update('  .')
      .update(entry.name)
      .update('\0');
  return all.digest('hex');
}

const kindOf = ({ link }: InputEntry): Buffer => (link ? Buffer.concat([Buffer.from('-> '), link]) : other);
const other = Buffer.from('no file');

/** null: it cannot be read, or changes. */
async function hashOf(
  top: Buffer,
  { name, stats }: InputEntry,
  buffer: Buffer,
  count: (bytes: number) => void,
): Promise<string | null> {
  // The input itself may be a link.
  const follow = name.length === 0 ? 0 : constants.O_NOFOLLOW;
  let file: FileHandle | undefined;
  try {
    // Do not block on a FIFO that has replaced it.
    file = await open(Buffer.concat([top, name]), constants.O_RDONLY | constants.O_NONBLOCK | follow);
    const hash = createHash('sha256');
    const size = Number(stats?.size);
    for (let all = 0; all <= size; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      all += bytesRead;
      count(bytesRead);
    }
    return isSame(await file.stat({ bigint: true }), stats) ? hash.digest('hex') : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return null;
    throw error;
  } finally {
    await file?.close();
  }
}

const isSame = (now: BigIntStats, then: BigIntStats | null): boolean =>
  now.size === then?.size &&
  now.mtimeNs === then.mtimeNs &&
  now.ctimeNs === then.ctimeNs &&
  now.ino === then.ino;
