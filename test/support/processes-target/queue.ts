import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { finalStates, type JobReport, type JobState } from '../../../src/machines/job-state.js';
import { jobStateOf } from '../../../src/machines/read-job-state.js';
import { readBounded } from '../../../src/runs/bounded-file.js';
import { leftIn } from '../../../src/runs/left-data.js';
import { type Command, command, write } from '../../../src/shell/command.js';
import type { Executor } from '../../../src/shell/executor.js';
import { type Folders, foldersOf } from './layout.js';
import supervisorText from './supervisor.js' with { type: 'text' };

/** The queue of one deployment: a folder, and a process of its own that works on it without us. */
export class ProcessQueue {
  constructor(
    private readonly executor: Executor,
    readonly spool: string,
  ) {}

  folders(run: string): Folders {
    return foldersOf(this.spool, run);
  }

  /** Makes the spool. @param atOnce how many jobs run at a time */
  async install(atOnce: number): Promise<void> {
    await this.executor.change(command('mkdir', '-p', join(this.spool, 'jobs')));
    await this.executor.change(write(this.#supervisor, supervisorText));
    await this.executor.change(write(join(this.spool, 'at-once'), String(atOnce)));
  }

  async begin(): Promise<void> {
    await this.executor.change(this.#verb('begin'));
  }

  /** @returns runs that have not ended */
  async stop(runs: readonly string[], grace: number): Promise<readonly string[]> {
    const { stdout } = await this.executor.attempt(this.#verb('stop', String(grace), ...runs));
    return [...stdout.matchAll(/^not-ended (.+)$/gm)].map(([, run = '']) => run);
  }

  /** Leaves no process and no file. */
  async remove(): Promise<void> {
    if (!existsSync(this.spool)) return;
    if (existsSync(this.#supervisor)) await this.executor.change(this.#verb('end'));
    await this.executor.change(command('rm', '-rf', this.spool));
  }

  /** Whether something works on it. */
  async isAlive(): Promise<boolean> {
    return existsSync(this.#supervisor) && (await this.executor.query(this.#verb('alive'))).code === 0;
  }

  hasArrived(run: string): boolean {
    return existsSync(this.folders(run).job);
  }

  /** It was here, and is no more. */
  isGone(run: string): boolean {
    const { known, folder } = this.folders(run);
    return !existsSync(folder) && existsSync(known);
  }

  hasEnded(run: string): boolean {
    return finalStates.has(this.#stateOf(run)?.state ?? 'pending');
  }

  report(run: string): JobReport {
    const { folder, data } = this.folders(run);
    return { folder, state: this.#stateOf(run), orphan: false, full: false, ...leftIn(data, ['docker.txt']) };
  }

  #stateOf(run: string): JobState | null {
    const file = readBounded(this.folders(run).state);
    try {
      return file && jobStateOf(JSON.parse(file.bytes.toString()));
    } catch {
      return null;
    }
  }

  get #supervisor(): string {
    return join(this.spool, 'supervisor.mjs');
  }

  #verb(verb: string, ...words: readonly string[]): Command {
    return command(process.execPath, this.#supervisor, verb, this.spool, ...words);
  }
}
