import { join } from 'node:path';
import { finalStates } from '../../machines/job-state.js';
import { measuredBy } from '../measures/measured.js';
import { listMeasures, type MeasureFile, type Measures, readListed } from '../measures/read.js';
import { logSeries, type Metrics, scrape } from '../measures/scrape.js';
import { noNotes, readNotes } from '../notes.js';
import { told, type UnreadableReceipt } from '../read-record.js';
import type { RunStore } from '../store.js';
import { type RunRow, rowOf, type StoredRow, unreadableRow } from './row.js';
import { type IndexedRow, RowIndex, SharedFacts } from './row-index.js';
import { hasNotes, stampsOf } from './stamps.js';

/** Reads all runs of an experiment as rows, oldest first. Only runs that have changed since they were last read are read
 * from their files. Nothing is written but the index, and its loss changes no answer.
 * @param home the experiment's folder. @param metrics what is looked for in logs */
export function readRows(store: RunStore, home: string, metrics: Metrics = {}): RunRow[] {
  const index = new RowIndex(join(store.folder, '.rows.jsonl'));
  const { rows: known, count } = index.read();
  const shared = new SharedFacts();
  const asked = asText(metrics);
  const attempts = new Map<string, number>();
  const kept: IndexedRow[] = [];
  const fresh: IndexedRow[] = [];
  const rows: RunRow[] = [];
  for (const id of store.ids()) {
    const indexed = known.get(id);
    const folder = store.pathOf(id);
    const isKnown = indexed?.metrics === asked && stampsOf(folder, indexed.watched) === indexed.stamps;
    const one: IndexedRow = isKnown ? indexed : shared.of(readRow(store, id, folder, metrics));
    if (isKnown) kept.push(one);
    else if (finalStates.has(one.row.state as never)) fresh.push(one);
    const attempt = (attempts.get(one.row.condition) ?? 0) + 1;
    attempts.set(one.row.condition, attempt);
    rows.push(Object.assign(one.row, { home, attempt }));
  }
  if (store.canCache) repair(index, kept, fresh, count);
  return rows;
}

const asText = (metrics: Metrics): string => (Object.keys(metrics).length > 0 ? JSON.stringify(metrics) : '');

/** One run, from its files. */
function readRow(store: RunStore, id: string, folder: string, metrics: Metrics): IndexedRow {
  const listing = listMeasures(`${folder}/data`);
  const asked = asText(metrics);
  const watched = asked === '' ? listing.watched : [...listing.watched, log];
  // Before they are read: what is written meanwhile has another stamp.
  const stamps = stampsOf(folder, watched);
  const { files, problems } = withLog(readListed(listing), `${folder}/data/${log}`, metrics);
  const notes = hasNotes(stamps) ? readNotes(folder) : { notes: noNotes, problem: null };
  return { row: storedRow(store, id, files, problems, notes), watched, stamps, metrics: asked };
}

const log = 'logs/docker.txt';

/** Measures, and the series that is made of the log. */
export function withLog(measures: Measures, path: string, metrics: Metrics): Measures {
  if (asText(metrics) === '') return measures;
  const found = scrape(path, metrics);
  if (!found) return measures;
  const { series, problem } = found;
  return {
    files:
      series.n === 0 ? measures.files : [...measures.files, { path: [logSeries], kind: 'series', series }],
    problems: problem === null ? measures.problems : [...measures.problems, `${log}: ${problem}`],
  };
}

function storedRow(
  store: RunStore,
  id: string,
  files: readonly MeasureFile[],
  problems: readonly string[],
  { notes, problem }: ReturnType<typeof readNotes>,
): StoredRow {
  const unreadable: UnreadableReceipt[] = [];
  const record = told(unreadable, () => store.read(id));
  if (!record) {
    const why = unreadable[0]?.message ?? `${store.pathOf(id)} has no receipt (run.json).`;
    return { ...unreadableRow(id, why), ...measuredBy(files), tags: notes.tags };
  }
  const all = [...problems, ...(problem === null ? [] : [problem])];
  return rowOf(record, measuredBy(files), notes, all);
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
