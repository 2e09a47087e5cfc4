import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import { readBounded, type Stamp, stampOf, UnreadableFile } from './bounded-file.js';
import { ignoreFromGit } from './ignored-folder.js';
import { believed, IndexFile, type IndexLine, type RunSummary, summaryOf } from './index-file.js';
import { ParametersFiles } from './parameters-files.js';
import { type Receipt, readReceipt, told, UnreadableReceipt } from './read-record.js';
import type { RunRecord } from './record.js';
import { conditionOfRun, isRunId, runId } from './run-id.js';

/** A link, or a file, where a run's folder should be: what is written into it would land elsewhere. */
export class NotARunFolder extends UserError {
  constructor(path: string) {
    super(`${path} is not a folder, so no receipt is written there.`, [pasteable`ls -ld ${path}`]);
  }
}

/** A link, or a file, where runs/ should be, or on the way there. It may have come with the tree, or be a job's: what is
 *  written into it would land elsewhere. */
export class NotTheRunsFolder extends UserError {
  constructor(path: string) {
    super(`${path} is not a folder of the experiment itself, so nothing is written there.`, [
      pasteable`ls -ld ${path}`,
      pasteable`rm ${path}    # if it is a link; results can also be on another disk that is mounted there`,
    ]);
  }
}

/** Receipts that cannot be read stop no others: they are told of beside them. */
export interface Found<T> {
  readonly found: T;
  readonly problems: readonly UnreadableReceipt[];
}

/** The folder runs/ of an experiment: a folder a run, each with its receipt and its parameters.json. The receipts are
 *  the truth; runs/.index.jsonl and runs/.parameters/ may be deleted at any time. */
export class RunStore {
  readonly folder: string;
  readonly #index: IndexFile;
  readonly #parameters: ParametersFiles;
  /** Where runs/ is, without a link on the way, when this is made: before any job of this command runs. */
  readonly #place: string;

  /** @param experiment the experiment's folder. @param readOnly for a dry run: nothing is written.
   *  @param readFile how a file is read, at most 16 MiB of it */
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

  /** @throws NotTheRunsFolder where what is written to runs/ would land elsewhere */
  refuseLinks(): void {
    const isThere = lstatSync(this.folder, { throwIfNoEntry: false }) !== undefined;
    if (isThere && !this.#isInPlace()) throw new NotTheRunsFolder(this.folder);
  }

  #isInPlace(): boolean {
    try {
      return realpathSync(this.folder) === this.#place && statSync(this.folder).isDirectory();
    } catch {
      return false;
    }
  }

  /** The run's folder, there or not. @throws Error for a text that is no run's id, such as a path out of runs/ */
  pathOf(id: string): string {
    if (!isRunId(id)) throw new Error(`${JSON.stringify(id)} is no id of a run`);
    return join(this.folder, id);
  }

  /** An id that no run here has, with a folder of its own, made now.
   *  @param parameters parameters.json, which is put into it
   *  @throws UserError if runs/ cannot be written, or is a link. */
  claim(condition: string, at: Date, parameters: string): string {
    if (this.readOnly) return runId(condition, at);
    this.refuseLinks();
    ignoreFromGit(this.folder);
    for (let later = 0; ; later++) {
      const id = runId(condition, new Date(at.getTime() + later));
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

  #putParameters(id: string, text: string): void {
    try {
      this.#parameters.put(this.pathOf(id), text);
    } catch (error) {
      this.discard([id]);
      throw error;
    }
  }

  /** Writes the receipt whole or not at all. @throws NotARunFolder, NotTheRunsFolder */
  write(record: RunRecord): void {
    if (this.readOnly) return;
    this.refuseLinks();
    const folder = this.pathOf(record.id);
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new NotARunFolder(folder);
    this.#keepParameters(record.id);
    const text = `${JSON.stringify(record, null, 2)}\n`;
    const written = writeAtomically(join(folder, 'run.json'), text, 0o644);
    this.#index.append({ summary: summaryOf(record), stamp: stampOf(written) });
  }

  /** A receipt of version 0.1 holds parameters.json, and today's, which takes its place, does not. */
  #keepParameters(id: string): void {
    if (existsSync(join(this.pathOf(id), 'parameters.json'))) return;
    const text = told([], () => this.#receipt(id))?.receipt.parameters ?? null;
    if (text !== null) this.#parameters.put(this.pathOf(id), text);
  }

  /** Takes back runs that never began. */
  discard(ids: readonly string[]): void {
    const folders = ids.map((id) => this.pathOf(id));
    if (this.readOnly || !this.#isInPlace()) return;
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }

  /** null: no such run, or a folder without a receipt. @throws UnreadableReceipt */
  read(id: string): RunRecord | null {
    return this.#receipt(id)?.receipt.record ?? null;
  }

  /** The same, where one that cannot be read is as good as none: it has been told of already. */
  readOrNull(id: string): RunRecord | null {
    return told([], () => this.read(id));
  }

  /** The run's parameters.json as it was, byte for byte; null: no such run, or it has none.
   *  @throws UnreadableReceipt */
  parametersOf(id: string): string | null {
    if (!isRunId(id)) return null;
    const file = this.#file(join(this.pathOf(id), 'parameters.json'));
    return file ? file.bytes.toString() : (this.#receipt(id)?.receipt.parameters ?? null);
  }

  /** The newest receipt of each condition, by condition, oldest first. Reads no other. An unreadable one is not made up for by an
   *  older one, which would show a state that is not the condition's. */
  newest(): Found<ReadonlyMap<string, RunRecord>> {
    const newest = new Map<string, RunRecord | null>();
    const problems: UnreadableReceipt[] = [];
    for (const id of this.#ids().reverse()) {
      const condition = conditionOfRun(id);
      if (condition === null || newest.has(condition)) continue;
      const record = told(problems, () => this.read(id));
      if (record) newest.set(condition, record);
      else if (problems.at(-1)?.run === id) newest.set(condition, null);
    }
    const found = [...newest].reverse().filter((entry): entry is [string, RunRecord] => entry[1] !== null);
    return { found: new Map(found), problems: problems.reverse() };
  }

  /** A summary of each receipt, oldest first. Reads those alone that have changed since they were read last. */
  summaries(): Found<readonly RunSummary[]> {
    const index = this.#index.read();
    const problems: UnreadableReceipt[] = [];
    const fresh: IndexLine[] = [];
    const lines = this.#ids().flatMap((id) => {
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
    if (this.readOnly || !this.#isInPlace()) return;
    if (fresh.length > lines.length / 2 || count + fresh.length > 2 * lines.length)
      this.#index.replace(lines);
    else for (const line of fresh) this.#index.append(line);
  }

  #lineOf(id: string): IndexLine | null {
    const read = this.#receipt(id);
    return read && { summary: summaryOf(read.receipt.record), stamp: read.stamp };
  }

  /** null: there is none, or its folder cannot be entered. */
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
    const file = this.#file(path);
    return file && { receipt: readReceipt(file.bytes, path), stamp: file.stamp };
  }

  #file(path: string): ReturnType<typeof readBounded> {
    try {
      return this.readFile(path);
    } catch (cause) {
      if (cause instanceof UnreadableFile) throw new UnreadableReceipt(path, cause.reason, { cause });
      throw cause;
    }
  }

  #ids(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder).filter(isRunId).sort() : [];
  }
}
