import { closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { writeAtomically } from '../shell/atomic-file.js';
import { isSameStamp, readBounded, type Stamp } from './bounded-file.js';
import type { RunRecord } from './record.js';
import { isRunId } from './run-id.js';

/** The parts of a receipt that planning a deployment needs. */
export interface RunSummary
  extends Pick<
    RunRecord,
    'id' | 'condition' | 'state' | 'reason' | 'fingerprint' | 'deployment' | 'created'
  > {
  /** `recipe.source.live`: it ran on the working tree, so it is not a result of a commit. */
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

/** A line of the index: a summary, and the stamp of its run.json. */
export interface IndexLine {
  readonly summary: RunSummary;
  readonly stamp: Stamp;
}

/** 256 MiB: half a million lines. */
const LARGEST_INDEX = 2 ** 28;

/** runs/.index.jsonl: a line per run, so that planning does not read a receipt twice. It is a cache: a line is used
 * only if its stamp matches run.json, so lost, stale or damaged lines only cost time. Therefore failed writes are
 * ignored, and writers need no lock. */
export class IndexFile {
  constructor(private readonly path: string) {}

  /** The last line of each run. @returns also the number of all lines */
  read(): { lines: ReadonlyMap<string, IndexLine>; count: number } {
    try {
      if (!lstatSync(this.path).isFile()) return { lines: new Map(), count: 0 };
      return parseIndex(readBounded(this.path, LARGEST_INDEX)?.bytes.toString() ?? '');
    } catch {
      return { lines: new Map(), count: 0 };
    }
  }

  /** Appends in one write of less than 512 bytes, so that lines of several writers are not mixed. */
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

  /** Rewrites the file. A line that another process appends meanwhile may be lost. */
  replace(lines: readonly IndexLine[]): void {
    try {
      writeAtomically(this.path, lines.map(textOf).join(''), 0o644);
    } catch {
      // The next reader reads the receipts.
    }
  }
}

/** The line's summary, if its stamp matches. */
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
