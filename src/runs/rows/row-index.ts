import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { parseWithNaN, stringifyWithNaN } from '../../machines/numbers-in-json.js';
import { writeAtomically } from '../../shell/atomic-file.js';
import { linesOf, withFile } from '../measures/files.js';
import { isRunId } from '../run-id.js';
import type { RunFacts, RunRow, StoredRow } from './row.js';

/** A row, and the stamps of the files that it was made of. */
export interface IndexedRow {
  readonly row: StoredRow;
  /** Paths below data/ that the stamps are of. */
  readonly watched: readonly string[];
  readonly stamps: string;
  /** JSON text of what was looked for in its log; '': nothing. */
  readonly metrics: string;
}

/** The form of its lines. Lines of another one are not read, so that the file is made again. */
const version = 2;

/** The longest line that is read, in bytes: a run with more measures is read from its files each time. */
const longestLine = 2 ** 20;

/** Makes equal facts one object. */
export class SharedFacts {
  readonly #known = new Map<string, RunFacts>();

  of(indexed: IndexedRow): IndexedRow {
    const { row } = indexed;
    const text = JSON.stringify(row.facts);
    const facts = this.#known.get(text) ?? row.facts;
    this.#known.set(text, facts);
    return facts === row.facts ? indexed : { ...indexed, row: { ...row, facts } };
  }
}

/** runs/.rows.jsonl: a line a run, so that 50,000 runs are shown without opening their files. A cache, as
 * `IndexFile`: a line counts only if the stamps of the run's files are those of the line, so a lost, stale or damaged
 * one costs time, and no answer depends on it. What runs have in common has a line of its own. */
export class RowIndex {
  constructor(private readonly path: string) {}

  /** The last line of each run. @returns also the number of all lines */
  read(): { readonly rows: ReadonlyMap<string, IndexedRow>; readonly count: number } {
    const rows = new Map<string, IndexedRow>();
    const facts = new Map<string, RunFacts>();
    let count = 0;
    if (lstatSync(this.path, { throwIfNoEntry: false })?.isFile() !== true) return { rows, count };
    withFile(this.path, (file, size) => {
      for (const { line, isWhole } of linesOf(file, 0, size, longestLine)) {
        count++;
        const value = isWhole ? parsed(line) : null;
        if (value === null || value.v !== version) continue;
        if (value.facts !== undefined) facts.set(value.key ?? '', value.facts);
        else {
          const row = indexed(value, facts);
          if (row) rows.set(row.row.run, row);
        }
      }
    });
    return { rows, count };
  }

  /** Appends lines; one that cannot be written is read from the files next time. */
  append(rows: readonly IndexedRow[]): void {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    try {
      const file = openSync(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
      try {
        if (fstatSync(file).isFile()) appendFileSync(file, textOf(rows));
      } finally {
        closeSync(file);
      }
    } catch {
      // The next reader reads the files.
    }
  }

  replace(rows: readonly IndexedRow[]): void {
    try {
      writeAtomically(this.path, textOf(rows), 0o644);
    } catch {
      // The next reader reads the files.
    }
  }
}

interface Line {
  readonly v?: number;
  readonly key?: string;
  readonly facts?: RunFacts;
  readonly stamps?: string;
  readonly metrics?: string;
  readonly watched?: readonly string[];
  readonly row?: Omit<StoredRow, 'facts'>;
}

function parsed(text: string): Line | null {
  try {
    const value = parseWithNaN(text);
    return typeof value === 'object' ? (value as Line | null) : null;
  } catch {
    return null;
  }
}

/** null: not a line that we have written. The stamps alone decide whether it is believed. */
function indexed(
  { key = '', stamps, metrics = '', watched, row }: Line,
  facts: ReadonlyMap<string, RunFacts>,
) {
  const shared = facts.get(key);
  if (!shared || typeof stamps !== 'string' || !Array.isArray(watched) || !isRunId(String(row?.run)))
    return null;
  return { row: Object.assign(row as object, { facts: shared }) as StoredRow, watched, stamps, metrics };
}

function textOf(rows: readonly IndexedRow[]): string {
  const keys = new Map<RunFacts, string>();
  const lines: string[] = [];
  for (const { row, watched, stamps, metrics } of rows) {
    // A row that is shown already has these two.
    const { facts, home: _, attempt: __, ...own } = row as RunRow;
    let key = keys.get(facts);
    if (key === undefined) {
      const text = JSON.stringify(facts);
      key = createHash('sha256').update(text).digest('hex').slice(0, 12);
      keys.set(facts, key);
      lines.push(`{"v":${version},"key":"${key}","facts":${text}}\n`);
    }
    const line = `${stringifyWithNaN({ v: version, key, stamps, ...(metrics && { metrics }), watched, row: own })}\n`;
    if (line.length < longestLine / 4) lines.push(line);
  }
  return lines.join('');
}
