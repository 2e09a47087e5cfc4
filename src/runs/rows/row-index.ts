import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { hasOddNumber, parseWithNaN, stringifyWithNaN } from '../../machines/numbers-in-json.js';
import { writeAtomically } from '../../shell/atomic-file.js';
import { linesOf, withFile } from '../measures/files.js';
import { isRunId } from '../run-id.js';
import type { RunFacts, StoredRow } from './row.js';

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
const version = 3;

/** The longest line that is read, in bytes: a run with more measures is read from its files each time. */
const longestLine = 2 ** 20;

/** Makes equal facts one object. */
export class SharedFacts {
  readonly #known = new Map<string, RunFacts>();
  #last: RunFacts | null = null;

  of(facts: RunFacts): RunFacts {
    // Most runs have those of the run before them.
    if (this.#last && areSame(this.#last, facts)) return this.#last;
    const text = JSON.stringify(facts);
    this.#last = this.#known.get(text) ?? facts;
    this.#known.set(text, this.#last);
    return this.#last;
  }
}

/** Of values and, within them, of lists and objects of values, with the same keys in the same order. */
function areSame(one: object, other: object): boolean {
  for (const name in one) {
    const mine = (one as Record<string, unknown>)[name];
    const theirs = (other as Record<string, unknown>)[name];
    if (mine === theirs) continue;
    if (typeof mine !== 'object' || typeof theirs !== 'object' || mine === null || theirs === null)
      return false;
    if (Object.keys(mine).join('\0') !== Object.keys(theirs).join('\0') || !areSame(mine, theirs))
      return false;
  }
  return true;
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
        if (fstatSync(file).isFile()) for (const text of textsOf(rows)) appendFileSync(file, text);
      } finally {
        closeSync(file);
      }
    } catch {
      // The next reader reads the files.
    }
  }

  replace(rows: readonly IndexedRow[]): void {
    try {
      writeAtomically(this.path, textsOf(rows), 0o644);
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
  readonly row?: Partial<StoredRow>;
}

function parsed(text: string): Line | null {
  try {
    const value = parseWithNaN(text);
    return typeof value === 'object' ? (value as Line | null) : null;
  } catch {
    return null;
  }
}

/** null: not a line that we have written. Whether it is believed is up to its stamps. */
function indexed(
  { key = '', stamps, metrics = '', watched, row }: Line,
  facts: ReadonlyMap<string, RunFacts>,
): IndexedRow | null {
  const shared = facts.get(key);
  const isOurs = shared && typeof stamps === 'string' && Array.isArray(watched) && row;
  const stored = isOurs ? storedRow(row, shared) : null;
  return stored && isOurs ? { row: stored, watched, stamps, metrics } : null;
}

const none: Readonly<Record<string, never>> = {};
const empty: readonly never[] = [];

/** What most rows have alike is left out of their lines, and put in here. */
function storedRow(row: Partial<StoredRow>, facts: RunFacts): StoredRow | null {
  const { run, condition, state, argv, words } = row;
  if (typeof run !== 'string' || !isRunId(run) || typeof condition !== 'string' || typeof state !== 'string')
    return null;
  if (!Array.isArray(argv) || typeof words !== 'object') return null;
  return {
    run,
    facts,
    condition,
    state,
    argv,
    words,
    reason: row.reason ?? null,
    exit_code: row.exit_code ?? null,
    created: row.created ?? null,
    started: row.started ?? null,
    finished: row.finished ?? null,
    continues: row.continues ?? null,
    came_from: row.came_from ?? null,
    parameters: row.parameters ?? '{}',
    summary: row.summary ?? null,
    values: row.values ?? none,
    series: row.series ?? none,
    notes: row.notes ?? empty,
    tags: row.tags ?? empty,
    problems: row.problems ?? empty,
  };
}

/** The same without what is alike: `undefined` is not in JSON. */
const ownOf = (row: StoredRow) => ({
  run: row.run,
  condition: row.condition,
  state: row.state,
  reason: row.reason ?? undefined,
  exit_code: row.exit_code ?? undefined,
  created: row.created ?? undefined,
  started: row.started ?? undefined,
  finished: row.finished ?? undefined,
  continues: row.continues ?? undefined,
  came_from: row.came_from ?? undefined,
  argv: row.argv,
  words: row.words,
  parameters: row.parameters === '{}' ? undefined : row.parameters,
  summary: row.summary ?? undefined,
  values: unlessEmpty(row.values),
  series: unlessEmpty(row.series),
  notes: row.notes.length > 0 ? row.notes : undefined,
  tags: row.tags.length > 0 ? row.tags : undefined,
  problems: row.problems.length > 0 ? row.problems : undefined,
});

function unlessEmpty<T extends object>(value: T): T | undefined {
  for (const _ in value) return value;
  return undefined;
}

const hasOdd = ({ summary, values, series }: StoredRow): boolean =>
  hasOddNumber(summary) || hasOddNumber(values) || hasOddNumber(series);

/** Not in one piece: there may be many. */
function* textsOf(rows: readonly IndexedRow[]): Generator<string> {
  const keys = new Map<RunFacts, string>();
  let lines = '';
  let last: string | null = null;
  let names = '';
  for (const { row, watched, stamps, metrics } of rows) {
    const { facts } = row;
    let key = keys.get(facts);
    if (key === undefined) {
      const text = JSON.stringify(facts);
      key = createHash('sha256').update(text).digest('hex').slice(0, 12);
      keys.set(facts, key);
      lines += `{"v":${version},"key":"${key}","facts":${text}}\n`;
    }
    // Most runs have the same names of files.
    const joined = watched.join('\0');
    if (joined !== last) [last, names] = [joined, JSON.stringify(watched)];
    const asked = metrics === '' ? '' : `"metrics":${JSON.stringify(metrics)},`;
    const own = hasOdd(row) ? stringifyWithNaN(ownOf(row)) : JSON.stringify(ownOf(row));
    const text = `{"v":${version},"key":"${key}","stamps":"${stamps}",${asked}"watched":${names},"row":${own}}`;
    if (text.length < longestLine / 4) lines += `${text}\n`;
    if (lines.length > longestLine) {
      yield lines;
      lines = '';
    }
  }
  yield lines;
}
