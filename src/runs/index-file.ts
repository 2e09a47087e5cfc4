import { closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { writeAtomically } from '../shell/atomic-file.js';
import { isSameStamp, readBounded, type Stamp } from './bounded-file.js';
import type { RunRecord } from './record.js';
import { isRunId } from './run-id.js';

/** What planning a deployment needs of a receipt. */
export interface RunSummary
  extends Pick<
    RunRecord,
    'id' | 'condition' | 'state' | 'reason' | 'fingerprint' | 'deployment' | 'created'
  > {
  /** `recipe.source.live`: it saw the working tree, and counts for no commit. */
  readonly live: boolean;
}

export const summaryOf = (record: RunRecord): RunSummary => ({
  id: record.id,
  condition: record.condition,
  state: record.state,
  reason: record.reason,
  fingerprint: record.fingerprint,
  live: record.recipe.source.live,
  deployment: record.deployment,
  created: record.created,
});

/** A line of the index: a summary, and the stamp of the run.json that it is of. */
export interface IndexLine {
  readonly summary: RunSummary;
  readonly stamp: Stamp;
}

/** 256 MiB: half a million lines. */
const LARGEST_INDEX = 2 ** 28;

/** runs/.index.jsonl: a line a run, so that planning reads no receipt that it has read before. It is a cache: each line is
 *  believed only while run.json has the stamp in it, so that lines which are lost, stale or garbage cost time and nothing
 *  else. That is why failures to write it are passed over, and writers need no lock. */
export class IndexFile {
  constructor(private readonly path: string) {}

  /** The last line of each run. @returns also how many lines there are in all */
  read(): { lines: ReadonlyMap<string, IndexLine>; count: number } {
    try {
      if (!lstatSync(this.path).isFile()) return { lines: new Map(), count: 0 };
      return parseIndex(readBounded(this.path, LARGEST_INDEX)?.bytes.toString() ?? '');
    } catch {
      return { lines: new Map(), count: 0 };
    }
  }

  /** One write of less than 512 bytes, which no other writer's can part. */
  append(line: IndexLine): void {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    try {
      const file = openSync(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
      try {
        if (fstatSync(file).isFile()) writeSync(file, textOf(line));
      } finally {
        closeSync(file);
      }
    } catch {
      // The next reader reads the receipt.
    }
  }

  /** Writes all of it anew. A line that another process appends meanwhile may be lost. */
  replace(lines: readonly IndexLine[]): void {
    try {
      writeAtomically(this.path, lines.map(textOf).join(''), 0o644);
    } catch {
      // The next reader reads the receipts.
    }
  }
}

/** The line, if it is of a run.json with this stamp. */
export const believed = (line: IndexLine | undefined, stamp: Stamp): RunSummary | null =>
  line && isSameStamp(line.stamp, stamp) ? line.summary : null;

const textOf = ({ summary, stamp }: IndexLine): string => `${JSON.stringify({ ...summary, ...stamp })}\n`;

function parseIndex(text: string): { lines: ReadonlyMap<string, IndexLine>; count: number } {
  const lines = new Map<string, IndexLine>();
  let count = 0;
  for (const each of text.split('\n')) {
    if (each === '') continue;
    count++;
    const line = parseLine(each);
    if (line) lines.set(line.summary.id, line);
  }
  return { lines, count };
}

function parseLine(text: string): IndexLine | null {
  let value: Partial<Record<keyof RunSummary | keyof Stamp, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { id, condition, state, reason, fingerprint, live, deployment, created } = value ?? {};
  const { size, mtime, inode } = value ?? {};
  const texts = [id, condition, state, fingerprint, created, size, mtime, inode];
  const sound =
    texts.every((each) => typeof each === 'string') &&
    [reason, deployment].every((each) => each === null || typeof each === 'string') &&
    typeof live === 'boolean' &&
    isRunId(id as string);
  if (!sound) return null;
  const summary = { id, condition, state, reason, fingerprint, live, deployment, created };
  return { summary: summary as RunSummary, stamp: { size, mtime, inode } as Stamp };
}
