import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunRecord } from './record.js';

// The output of an ended run in the tree. A job, or the tree itself, may have put anything in its place: a FIFO, an
// endless file, a link out of the folder.

const piece = 65_536;

/** Names of logs; the first that is not empty is used. */
export type LogNames = readonly string[];

/** The log of a run; for a run that failed without output, that of the runner or of the build that failed. */
export const logNames = ({ state, reason }: Pick<RunRecord, 'state' | 'reason'>): LogNames => {
  if (state === 'succeeded') return ['docker.txt'];
  return ['docker.txt', ...(reason === 'build' ? ['build.txt'] : []), 'runner.txt'];
};

/** Passes on the output from byte `offset` on; without a log, nothing.
 * @param folder that of the run.
 * @param receive no more is read until its promise resolves */
export async function readLeftLog(
  folder: string,
  names: LogNames,
  offset: number,
  receive: (chunk: Buffer) => unknown,
  signal?: AbortSignal,
): Promise<void> {
  const file = openLog(folder, names);
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

/** The offset of the last so many lines, in bytes. */
export function offsetOfLeftLog(folder: string, names: LogNames, lines: number): number {
  const file = openLog(folder, names);
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
  // The line break at the end does not begin another line.
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

function openLog(folder: string, names: LogNames): OpenLog | null {
  for (const name of names) {
    const file = openNamed(folder, name);
    if (file && file.size > 0) return file;
    if (file) closeSync(file.descriptor);
  }
  return null;
}

/** null: it does not exist, or is not a file. */
function openNamed(folder: string, name: string): OpenLog | null {
  const logs = join(folder, 'data', 'logs');
  let descriptor: number | undefined;
  try {
    if (realpathSync(logs) !== join(realpathSync(join(folder, '..')), basename(folder), 'data', 'logs'))
      return null;
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    descriptor = openSync(join(logs, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(descriptor);
    if (found.isFile()) return { descriptor, size: found.size };
  } catch {
    // Treated as missing.
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return null;
}
