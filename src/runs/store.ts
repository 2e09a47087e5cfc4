import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeAtomically } from '../shell/atomic-file.js';
import { readBounded, readQuickly, type Stamp, stampOf, UnreadableFile } from './bounded-file.js';
import { ignoreFromGit } from './ignored-folder.js';
import { kindAt, NotARunFolder, NotTheRunsFolder } from './in-place.js';
import { believed, IndexFile, type IndexLine, type RunSummary, summaryOf } from './index-file.js';
import { allValues, measuredBy } from './measures/measured.js';
import { readMeasures } from './measures/read.js';
import { ParametersFiles } from './parameters-files.js';
import { type Receipt, readReceipt, readRecord, told, UnreadableReceipt } from './read-record.js';
import type { RunRecord } from './record.js';
import { conditionOfRun, isRunId, runId, stampOfRun, timeOfRun } from './run-id.js';

/** Readable receipts, and the problems of unreadable ones. */
export interface Found<T> {
  readonly found: T;
  readonly problems: readonly UnreadableReceipt[];
}

/** The last time for which an id has four digits for the year. */
const lastTime = Date.UTC(9999);

/** The folder runs/ of an experiment: a folder per run, each with its receipt and its parameters.json. The receipts are
 * the only source; runs/.index.jsonl and runs/.parameters/ may be deleted at any time. */
export class RunStore {
  readonly folder: string;
  readonly #index: IndexFile;
  readonly #parameters: ParametersFiles;
  /** The newest run of each condition, as of the first claim. */
  #newest: ReadonlyMap<string, string> | null = null;
  /** Times of runs, as in their ids: another run gets another one, so that it is named by its time, and the runs of a
   * sweep are in the order of their conditions. */
  readonly #taken = new Set<string>();
  /** The real path of runs/ at construction, before any job of this command runs. */
  readonly #place: string;

  /** @param experiment the experiment's folder.
   * @param readOnly for a dry run: nothing is written.
   * @param readFile reads a file of at most 16 MiB */
  constructor(
    experiment: string,
    readonly readOnly = false,
    private readonly readFile: (path: string) => ReturnType<typeof readBounded> = readBounded,
  ) {
    this.folder = join(experiment, 'runs');
    this.#index = new IndexFile(join(this.folder, '.index.jsonl'));
    this.#parameters = new ParametersFiles(this.folder);
    this.#place = join(existsSync(experiment) ? realpathSync(experiment) : resolve(experiment), 'runs');
  }

  /** @param id a run, whose folder is written to. Default: only runs/ is
   * @throws NotTheRunsFolder, NotARunFolder if that would write elsewhere */
  refuseLinks(id?: string): void {
    const isThere = lstatSync(this.folder, { throwIfNoEntry: false }) !== undefined;
    if (isThere && !this.#isInPlace()) throw new NotTheRunsFolder(this.folder);
    if (id !== undefined && kindAt(this.pathOf(id)) === 'other') throw new NotARunFolder(this.pathOf(id));
  }

  /** Whether the run has its data folder, with no link on the way to it. */
  hasData(id: string): boolean {
    const folder = this.pathOf(id);
    return this.#isInPlace() && kindAt(folder) === 'folder' && kindAt(join(folder, 'data')) === 'folder';
  }

  /** Whether caches may be written. */
  get canCache(): boolean {
    return !this.readOnly && this.#isInPlace();
  }

  #isInPlace(): boolean {
    try {
      return realpathSync(this.folder) === this.#place && statSync(this.folder).isDirectory();
    } catch {
      return false;
    }
  }

  /** The run's folder, which may not exist. @throws Error for a text that is not a run's id, such as a path out of
   * runs/ */
  pathOf(id: string): string {
    if (!isRunId(id)) throw new Error(`${JSON.stringify(id)} is not the id of a run`);
    return join(this.folder, id);
  }

  /** All that a run has measured, as far as that is here. */
  measuresOf(id: string): Readonly<Record<string, unknown>> {
    return allValues(measuredBy(readMeasures(join(this.pathOf(id), 'data')).files));
  }

  /** Creates a new run id and its folder.
   * @param parameters the text of parameters.json, which is written into it
   * @throws UserError if runs/ cannot be written, or is a link. */
  claim(condition: string, at: Date, parameters: string): string {
    if (this.readOnly) return runId(condition, at);
    this.refuseLinks();
    ignoreFromGit(this.folder);
    for (let time = this.#timeFor(condition, at); ; time++) {
      const id = runId(condition, new Date(time));
      if (this.#taken.has(stampOfRun(id))) continue;
      this.#taken.add(stampOfRun(id));
      try {
        mkdirSync(this.pathOf(id));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      this.#putParameters(id, parameters);
      return id;
    }
  }

  /** A time after all runs of the condition, so that they sort in order even if the clock was ahead for a while. */
  #timeFor(condition: string, now: Date): number {
    if (!this.#newest) {
      const ids = this.ids();
      this.#newest = new Map(ids.map((id) => [conditionOfRun(id) ?? '', id]));
      for (const id of ids) this.#taken.add(stampOfRun(id));
    }
    const newest = timeOfRun(this.#newest.get(condition) ?? '')?.getTime() ?? 0;
    return newest < now.getTime() || newest > lastTime ? now.getTime() : newest + 1;
  }

  #putParameters(id: string, text: string): void {
    try {
      this.#parameters.put(this.pathOf(id), text);
    } catch (error) {
      this.discard([id]);
      throw error;
    }
  }

  /** Writes the receipt atomically. @throws NotARunFolder, NotTheRunsFolder */
  write(record: RunRecord): void {
    if (this.readOnly) return;
    this.refuseLinks(record.id);
    const folder = this.pathOf(record.id);
    this.#keepParameters(record.id);
    const text = `${JSON.stringify(record, null, 2)}\n`;
    const written = writeAtomically(join(folder, 'run.json'), text, 0o644);
    this.#index.append({ summary: summaryOf(record), stamp: stampOf(written) });
  }

  /** Writes parameters.json of a run of version 0.1 to a file before its receipt, which contains it, is replaced. */
  #keepParameters(id: string): void {
    if (existsSync(join(this.pathOf(id), 'parameters.json'))) return;
    const text = told([], () => this.#receipt(id))?.receipt.parameters ?? null;
    if (text !== null) this.#parameters.put(this.pathOf(id), text);
  }

  /** Removes runs that never began. */
  discard(ids: readonly string[]): void {
    const folders = ids.map((id) => this.pathOf(id));
    if (this.readOnly || !this.#isInPlace()) return;
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }

  /** null: the run does not exist, or has no receipt. @throws UnreadableReceipt */
  read(id: string): RunRecord | null {
    return this.#receipt(id)?.receipt.record ?? null;
  }

  /** The same for very many: also with the mark of what was read.
   * @param folder `pathOf` it */
  readQuickly(folder: string): { readonly record: RunRecord; readonly mark: string } | null {
    const path = `${folder}/run.json`;
    const file = readable(path, readQuickly);
    return file && { record: readRecord(file.bytes, path), mark: file.mark };
  }

  /** The same, but null for an unreadable one, which was reported already. */
  readOrNull(id: string): RunRecord | null {
    return told([], () => this.read(id));
  }

  /** The run's parameters.json, byte for byte; null: the run does not exist, or has none. @throws UnreadableReceipt */
  parametersOf(id: string): string | null {
    if (!isRunId(id)) return null;
    const file = readable(join(this.pathOf(id), 'parameters.json'), this.readFile);
    return file ? file.bytes.toString() : (this.#receipt(id)?.receipt.parameters ?? null);
  }

  /** The newest receipt of each condition, by condition, oldest first. Reads no others. An unreadable one is not
   * replaced by an older one, which would show a wrong state. */
  newest(): Found<ReadonlyMap<string, RunRecord>> {
    const newest = new Map<string, RunRecord | null>();
    const problems: UnreadableReceipt[] = [];
    for (const id of this.ids().reverse()) {
      const condition = conditionOfRun(id);
      if (condition === null || newest.has(condition)) continue;
      const record = told(problems, () => this.read(id));
      if (record) newest.set(condition, record);
      else if (problems.at(-1)?.run === id) newest.set(condition, null);
    }
    const found = [...newest].reverse().filter((entry): entry is [string, RunRecord] => entry[1] !== null);
    return { found: new Map(found), problems: problems.reverse() };
  }

  /** A summary of each receipt, oldest first. Reads only receipts that have changed since they were last read. */
  summaries(): Found<readonly RunSummary[]> {
    const index = this.#index.read();
    const problems: UnreadableReceipt[] = [];
    const fresh: IndexLine[] = [];
    const lines = this.ids().flatMap((id) => {
      const known = index.lines.get(id);
      const stamp = this.#stampOf(id);
      const line = stamp && known && believed(known, stamp) ? known : told(problems, () => this.#lineOf(id));
      if (line && line !== known) fresh.push(line);
      return line ?? [];
    });
    this.#repair(lines, fresh, index.count);
    return { found: lines.map(({ summary }) => summary), problems };
  }

  #repair(lines: readonly IndexLine[], fresh: readonly IndexLine[], count: number): void {
    if (!this.canCache) return;
    if (fresh.length > lines.length / 2 || count + fresh.length > 2 * lines.length)
      this.#index.replace(lines);
    else for (const line of fresh) this.#index.append(line);
  }

  #lineOf(id: string): IndexLine | null {
    const read = this.#receipt(id);
    return read && { summary: summaryOf(read.receipt.record), stamp: read.stamp };
  }

  /** null: it does not exist, or its folder cannot be entered. */
  #stampOf(id: string): Stamp | null {
    try {
      return stampOf(statSync(join(this.pathOf(id), 'run.json'), { bigint: true }));
    } catch {
      return null;
    }
  }

  #receipt(id: string): { receipt: Receipt; stamp: Stamp } | null {
    if (!isRunId(id)) return null;
    const path = join(this.pathOf(id), 'run.json');
    const file = readable(path, this.readFile);
    return file && { receipt: readReceipt(file.bytes, path), stamp: file.stamp };
  }

  /** Ids of all folders of runs, oldest first. */
  ids(): string[] {
    return this.names().filter(isRunId).sort();
  }

  /** Names of all that is in runs/. */
  names(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder) : [];
  }

  /** Names in runs/ that are not ids of runs, and are folders with a receipt: copies, or renamed by hand. */
  strangers(names = this.names()): string[] {
    return names
      .filter((name) => !name.startsWith('.') && !isRunId(name))
      .filter((name) => existsSync(join(this.folder, name, 'run.json')))
      .sort();
  }
}

/** @throws UnreadableReceipt */
function readable<T>(path: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (cause) {
    if (cause instanceof UnreadableFile) throw new UnreadableReceipt(path, cause.reason, { cause });
    throw cause;
  }
}
