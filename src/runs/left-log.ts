import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

// The output of a run that has ended, as it lies in the tree. Anything may be there by now, or have come with the tree: a
// FIFO, an endless file, a link out of it.

const piece = 65_536;

/** Hands over the output from byte `offset` on. Without a log there is none.
 *  @param folder the run's. @param receive no more is read before what it promises has happened */
export async function readLeftLog(
  folder: string,
  offset: number,
  receive: (chunk: Buffer) => unknown,
  signal?: AbortSignal,
): Promise<void> {
  const file = openLog(folder);
  if (!file) return;
  try {
    for (let at = offset; at < file.size && !signal?.aborted; ) {
      const chunk = readAt(file.descriptor, at, Math.min(piece, file.size - at));
      if (chunk.length === 0) return;
      at += chunk.length;
      await receive(chunk);
    }
  } finally {
    closeSync(file.descriptor);
  }
}

/** How many bytes there are before the last so many lines. */
export function offsetOfLeftLog(folder: string, lines: number): number {
  const file = openLog(folder);
  if (!file) return 0;
  try {
    return beforeLast(lines, file);
  } finally {
    closeSync(file.descriptor);
  }
}

interface OpenLog {
  readonly descriptor: number;
  readonly size: number;
}

function beforeLast(lines: number, { descriptor, size }: OpenLog): number {
  if (lines <= 0) return size;
  // The end of the last line begins no other.
  let left = lines;
  for (let end = size - 1; end > 0; ) {
    const from = Math.max(0, end - piece);
    const chunk = readAt(descriptor, from, end - from);
    for (let at = chunk.length - 1; at >= 0; at--)
      if (chunk[at] === 0x0a && --left === 0) return from + at + 1;
    end = from;
  }
  return 0;
}

function readAt(descriptor: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, from));
}

/** null: there is none, or something else than a file in its place. */
function openLog(folder: string): OpenLog | null {
  const logs = join(folder, 'data', 'logs');
  let descriptor: number | undefined;
  try {
    if (realpathSync(logs) !== join(realpathSync(join(folder, '..')), basename(folder), 'data', 'logs'))
      return null;
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    descriptor = openSync(join(logs, 'docker.txt'), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (found.isFile()) return { descriptor, size: found.size };
  } catch {
    // As good as none.
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return null;
}
