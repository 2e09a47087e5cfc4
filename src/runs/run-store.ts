import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import { ignoreFromGit } from './ignored-folder.js';
import { conditionOfRun, runId } from './run-id.js';
import type { RunRecord } from './run-record.js';

export { ignoreFromGit } from './ignored-folder.js';

/** The folder runs/ of an experiment: a folder a run, each with its receipt. */
export class RunStore {
  readonly folder: string;

  /** @param experiment the experiment's folder. @param readOnly for a dry run: nothing is written. */
  constructor(
    experiment: string,
    private readonly readOnly = false,
  ) {
    this.folder = join(experiment, 'runs');
  }

  pathOf(id: string): string {
    return join(this.folder, id);
  }

  /** An id that no run here has, with a folder of its own, made now.
   *  @throws UserError if runs/ cannot be written. */
  claim(condition: string, at: Date): string {
    if (this.readOnly) return runId(condition, at);
    ignoreFromGit(this.folder);
    for (let later = 0; ; later++) {
      const id = runId(condition, new Date(at.getTime() + later));
      try {
        mkdirSync(this.pathOf(id));
        return id;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  write(record: RunRecord): void {
    if (this.readOnly) return;
    writeAtomically(join(this.pathOf(record.id), 'run.json'), `${JSON.stringify(record, null, 2)}\n`, 0o644);
  }

  /** Takes back runs that never began. */
  discard(ids: readonly string[]): void {
    if (this.readOnly) return;
    for (const id of ids) rmSync(this.pathOf(id), { recursive: true, force: true });
  }

  /** null: no such run, or a folder without a receipt. */
  read(id: string): RunRecord | null {
    const path = join(this.pathOf(id), 'run.json');
    if (!existsSync(path)) return null;
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
    } catch (cause) {
      throw new UserError(
        `${path} is not a receipt that can be read.`,
        [pasteable`mv ${path} ${path}.broken`],
        { cause },
      );
    }
  }

  /** All receipts, oldest first. */
  list(): RunRecord[] {
    return this.#ids().flatMap((id) => this.read(id) ?? []);
  }

  /** The newest receipt of each condition. Reads no other. */
  newest(): Map<string, RunRecord> {
    const newest = new Map<string, RunRecord>();
    for (const id of this.#ids().reverse()) {
      const condition = conditionOfRun(id);
      if (condition === null || newest.has(condition)) continue;
      const record = this.read(id);
      if (record) newest.set(condition, record);
    }
    return new Map([...newest].reverse());
  }

  #ids(): string[] {
    return existsSync(this.folder) ? readdirSync(this.folder).sort() : [];
  }
}
