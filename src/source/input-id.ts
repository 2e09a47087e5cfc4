import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { contentHash } from './content-hash.js';
import type { InputEntry, InputHashes } from './input-hashes.js';

/** Identifies the contents of an input. */
export interface InputId {
  /** A hash of names, sizes and times of change: SHA-256 in hex. */
  readonly id: string;
  /** A hash of names and contents: SHA-256 in hex; null: the input is too large, changed meanwhile, or is not
   * completely readable. */
  readonly hash: string | null;
}

/** Progress of reading an input: files listed so far, bytes read, and all bytes to read. */
export interface InputProgress {
  readonly files: number;
  readonly read: number;
  readonly toRead: number;
}

export interface InputLook {
  /** Hashes of unchanged files. */
  readonly hashes: InputHashes;
  readonly progress?: (now: InputProgress) => void;
}

/** An input with more files or bytes than this is compared by times: reading it would take minutes. */
export const mostHashed = { files: 100_000, bytes: 10e9 } as const;

/** Reads a folder or a file. Links in it are not followed, and count by their target's path; the path itself may be a
 * link. */
export async function lookAtInput(
  path: string,
  { hashes, progress = () => {} }: InputLook,
): Promise<InputId> {
  const top = Buffer.from(path);
  const isFolder = statSync(path).isDirectory();
  const names = isFolder ? await namesBelow(top, progress) : [Buffer.alloc(0)];
  const id = createHash('sha256');
  const entries: InputEntry[] = [];
  const turns = new Turns();
  for (const name of names.sort(Buffer.compare)) {
    const entry = entryAt(top, name);
    id.update(name).update('\0').update(factsOf(entry));
    if (names.length <= mostHashed.files) entries.push(entry);
    await turns.next();
  }
  const isSmall = names.length <= mostHashed.files && bytesOf(entries) <= mostHashed.bytes;
  const files = names.length;
  return {
    id: id.digest('hex'),
    hash: isSmall
      ? await contentHash(top, entries, hashes.of(path), (read, toRead) => progress({ files, read, toRead }))
      : null,
  };
}

const bytesOf = (entries: readonly InputEntry[]): number =>
  entries.reduce((sum, { stats }) => sum + (stats?.isFile() ? Number(stats.size) : 0), 0);

function entryAt(top: Buffer, name: Buffer): InputEntry {
  const path = Buffer.concat([top, name]);
  const look = name.length === 0 ? statSync : lstatSync;
  const stats = look(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  return { name, stats, link: stats?.isSymbolicLink() ? readlinkSync(path, 'buffer') : null };
}

/** In the format of version 0.1, so that its receipts stay valid. */
function factsOf({ stats, link }: InputEntry): Buffer {
  if (link) return Buffer.concat([Buffer.from('->'), link, Buffer.from('\0')]);
  return Buffer.from(`${stats?.size}\0${stats ? milliseconds(stats.mtimeNs) : undefined}\0`);
}

/** As Node has them in `mtimeMs`. */
const milliseconds = (ns: bigint): number => Number(ns / billion) * 1000 + Number(ns % billion) / 1e6;
const billion = 1_000_000_000n;

async function namesBelow(top: Buffer, progress: (now: InputProgress) => void): Promise<Buffer[]> {
  const names: Buffer[] = [];
  const folders = [Buffer.alloc(0)];
  const turns = new Turns();
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    const inside = Buffer.concat([top, folder, slash]);
    for (const entry of readdirSync(inside, { encoding: 'buffer', withFileTypes: true })) {
      const name = Buffer.concat([folder, slash, entry.name]);
      (entry.isDirectory() ? folders : names).push(name);
    }
    if (await turns.next()) progress({ files: names.length, read: 0, toRead: 0 });
  }
  return names;
}

const slash = Buffer.from('/');

/** Yields to other events, such as Ctrl-C, now and then: asynchronous calls for each file would take several times as
 * long. */
class Turns {
  #last = performance.now();

  async next(): Promise<boolean> {
    if (performance.now() - this.#last < 50) return false;
    await nextTurn();
    this.#last = performance.now();
    return true;
  }
}
