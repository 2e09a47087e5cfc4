import { join } from 'node:path';
import { finalStates } from '../../machines/job-state.js';
import { markAt, noFile } from '../file-mark.js';
import type { Log } from '../measures/at-step.js';
import { measuredBy } from '../measures/measured.js';
import { listMeasures, type MeasureFile, type Measures, readListed } from '../measures/read.js';
import { logSeries, Scraper } from '../measures/scrape.js';
import { noNotes, readNotes } from '../notes.js';
import { told, type UnreadableReceipt } from '../read-record.js';
import type { RunStore } from '../store.js';
import { type RunRow, rowOf, type StoredRow, unreadableRow } from './row.js';
import { type IndexedRow, RowIndex, SharedFacts } from './row-index.js';
import { hasNotes, notesMark, stampsOf } from './stamps.js';

/** Where "metrics" are looked for. */
export interface Logs {
  readonly scraper: Scraper;
  /** The log of a run, by its id. */
  readonly pathOf: (id: string) => string;
}

/** The log of a run that has ended. */
export const logIn = (run: string): string => `${run}/data/${log}`;

const log = 'logs/docker.txt';

/** Reads all runs of an experiment as rows, oldest first. Only runs that have changed since they were last read are read
 * from their files. Nothing is written but the index, and its loss changes no answer.
 * @param home the experiment's folder. @param ids the runs, oldest first. Default: all */
export function readRows(
  store: RunStore,
  home: string,
  logs: Logs = { scraper: new Scraper({}), pathOf: (id) => logIn(store.pathOf(id)) },
  ids: readonly string[] = store.ids(),
): RunRow[] {
  const index = new RowIndex(join(store.folder, '.rows.jsonl'));
  const { rows: known, count } = index.read();
  const shared = new SharedFacts();
  const { asked } = logs.scraper;
  const attempts = new Map<string, number>();
  const kept: IndexedRow[] = [];
  const fresh: IndexedRow[] = [];
  const rows: RunRow[] = [];
  for (const id of ids) {
    const indexed = known.get(id);
    const folder = `${store.folder}/${id}`;
    let one = indexed;
    if (one && one.metrics === asked && stampsOf(folder, one.watched) === one.stamps) kept.push(one);
    else {
      const read = readRow(store, { id, folder }, logs, shared);
      one = read;
      if (read.isFinal && finalStates.has(one.row.state as never)) fresh.push(one);
    }
    const attempt = (attempts.get(one.row.condition) ?? 0) + 1;
    attempts.set(one.row.condition, attempt);
    rows.push(placed(one.row, home, attempt));
  }
  if (store.canCache) repair(index, kept, fresh, count);
  return rows;
}

/** In place: there are many. */
function placed(row: StoredRow, home: string, attempt: number): RunRow {
  const shown = row as { -readonly [K in keyof RunRow]: RunRow[K] };
  shown.home = home;
  shown.attempt = attempt;
  return shown;
}

interface Place {
  readonly id: string;
  readonly folder: string;
}

/** One run, from its files. `isFinal` is false if it may say more when it is read again. */
function readRow(
  store: RunStore,
  { id, folder }: Place,
  { scraper, pathOf }: Logs,
  shared: SharedFacts,
): IndexedRow & { readonly isFinal: boolean } {
  const listing = listMeasures(`${folder}/data`);
  const isScraped = scraper.asked !== '';
  const watched = isScraped ? [...listing.watched, log] : listing.watched;
  // Marks are those of before the contents: what is written meanwhile has another one.
  const logMark = isScraped ? markAt(logIn(folder)) : '';
  const mark = notesMark(folder);
  const read = readListed(listing);
  const { files, problems, isGivenUp } = isScraped
    ? withLog(read, { scraper, path: pathOf(id) })
    : { ...read, isGivenUp: false };
  const notes = hasNotes(mark) ? readNotes(folder) : { notes: noNotes, problem: null };
  const { row, mark: receipt } = storedRow(store, { id, folder }, files, problems, notes);
  row.facts = shared.of(row.facts);
  let stamps = receipt + mark;
  for (const one of listing.folders) stamps += one.mark;
  if (listing.folders.length === 0) stamps += noFile;
  for (const one of read.marks) stamps += one ?? noFile;
  stamps += logMark;
  return { row, watched, stamps, metrics: scraper.asked, isFinal: !isGivenUp };
}

/** Measures, and the series that is made of the log. */
export function withLog(
  measures: Measures,
  { scraper, path }: Log,
): Measures & { readonly isGivenUp: boolean } {
  const found = scraper.asked === '' ? null : scraper.log(path);
  if (!found) return { ...measures, isGivenUp: false };
  const { series, problem, isGivenUp } = found;
  const isTaken = measures.files.some(({ path: [name = '', ...more] }) => {
    return more.length === 0 && name.replace(/\.(jsonl|csv|tsv)$/i, '') === logSeries[0];
  });
  const file: MeasureFile = { path: [logSeries[isTaken ? 1 : 0]], kind: 'series', series };
  return {
    files: series.n === 0 ? measures.files : [...measures.files, file],
    problems: problem === null ? measures.problems : [...measures.problems, `${log}: ${problem}`],
    isGivenUp,
  };
}

function storedRow(
  store: RunStore,
  { id, folder }: Place,
  files: readonly MeasureFile[],
  problems: readonly string[],
  { notes, problem }: ReturnType<typeof readNotes>,
): { readonly row: { -readonly [K in keyof StoredRow]: StoredRow[K] }; readonly mark: string } {
  const unreadable: UnreadableReceipt[] = [];
  const read = told(unreadable, () => store.readQuickly(folder));
  if (!read) {
    const why = unreadable[0]?.message ?? `${folder} has no receipt (run.json).`;
    const row = { ...unreadableRow(id, why), ...measuredBy(files), tags: notes.tags };
    return { row, mark: noFile };
  }
  const all = [...problems, ...(problem === null ? [] : [problem])];
  return { row: rowOf(read.record, measuredBy(files), notes, all), mark: read.mark };
}

/** Lines of the index without a run, or of a state before, for which it is written as a whole. */
function repair(
  index: RowIndex,
  kept: readonly IndexedRow[],
  fresh: readonly IndexedRow[],
  count: number,
): void {
  if (fresh.length === 0) return;
  const all = kept.length + fresh.length;
  if (fresh.length > kept.length || count + fresh.length > 2 * all + 100) index.replace([...kept, ...fresh]);
  else index.append(fresh);
}
