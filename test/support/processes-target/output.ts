import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Io, Outcome } from '../../../src/shell/process.js';
import type { Folders } from './layout.js';

const done: Outcome = { kind: 'exited', code: 0, signal: null, stdout: '', stderr: '' };

/** Hands over a job's output from a byte on. @param hasEnded null: it is not followed */
export async function read(
  at: Folders,
  offset: number,
  hasEnded: (() => boolean) | null,
  io: Io,
): Promise<Outcome> {
  for (let from = offset; !io.signal?.aborted; ) {
    // Asked before the last look: what it wrote until then is there.
    const isLast = !hasEnded || hasEnded();
    for (let chunk = chunkAt(at.log, from); chunk.length > 0; chunk = chunkAt(at.log, from)) {
      from += chunk.length;
      await io.onStdout?.(chunk);
    }
    if (isLast) break;
    await sleep(50);
  }
  return done;
}

function chunkAt(path: string, from: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(65_536);
  const count = readSync(file, bytes, 0, bytes.length, from);
  closeSync(file);
  return bytes.subarray(0, count);
}

/** How many bytes a job had written at that time, or has before its last lines. */
export function offsetOf(at: Folders, from: { readonly since: Date } | { readonly tail: number }): number {
  if (!existsSync(at.log)) return 0;
  if ('since' in from) {
    const index = existsSync(at.index) ? readFileSync(at.index, 'utf8').trim().split('\n') : [];
    const before = index
      .map((line) => line.split(' ').map(Number))
      .filter(([ms = 0]) => ms <= from.since.getTime());
    return before.at(-1)?.[1] ?? 0;
  }
  const { size } = statSync(at.log);
  const lines =
    readFileSync(at.log)
      .toString('latin1')
      .match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return size - lines.slice(Math.max(0, lines.length - from.tail)).join('').length;
}
