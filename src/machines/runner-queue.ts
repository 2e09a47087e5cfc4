import { createHash } from 'node:crypto';
import { type Command, command, type Input } from '../shell/command.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import type { Secret } from '../shell/word.js';
import type { Connection } from './connection.js';
import type { QueueReport } from './job-state.js';
import { type Beginning, Machine } from './machine.js';
import { defineGone } from './removal.js';

/** A job for a queue: its folder, and the two parts of its job.sh. */
export interface QueuedJob {
  readonly folder: string;
  readonly containerName: string;
  /** The part that is shared with other jobs. */
  readonly shared: string;
  readonly script: string;
}

/** Words of `sh` that run `text` with these arguments. */
const script = (text: string, ...args: string[]): Command => command('sh', '-c', text, 'sh', ...args);

/** The file with the part that jobs share. */
const sharedName = (shared: string): string =>
  `sweep-${createHash('sha256').update(shared).digest('hex').slice(0, 12)}.sh`;

/** Writes a file atomically, and creates its folder: a running runner sees the old file or the new one. */
const install = (path: string, input: Input): Command => ({
  ...script('mkdir -p "$(dirname "$1")" && cat >"$1.new" && mv "$1.new" "$1"', path),
  input,
});

/** A deployment's queue on a machine: a runner of this version, jobs in order, and slots that run them without us. */
export class RunnerQueue {
  readonly machine: Machine;

  constructor(
    private readonly executor: Executor,
    private readonly connection: Connection,
    /** The queue's folder there, an absolute path. */
    readonly folder: string,
  ) {
    this.machine = new Machine(executor, connection, `${folder}/runner.sh`);
  }

  /** @param runner runner.sh of this version, here */
  async install(runner: string): Promise<void> {
    await this.#change(install(`${this.folder}/runner.sh`, { from: command('cat', runner) }));
  }

  /** Writes what jobs will need there, before any of it is brought: from then on `clean` keeps it. */
  async announce(jobs: readonly Pick<QueuedJob, 'shared'>[]): Promise<void> {
    for (const shared of groupedBy(jobs, (job) => job.shared).keys())
      await this.machine.announce(this.folder, sharedName(shared), shared);
  }

  /** Adds jobs that were announced to the queue, in their order, and starts every slot. Delivered jobs are left alone. */
  async deliver(jobs: readonly QueuedJob[], secrets: readonly Secret[], beginning: Beginning): Promise<void> {
    for (const { containerName } of jobs)
      for (const secret of secrets) await this.machine.putSecret(containerName, secret);
    const groups = [...groupedBy(jobs, (job) => job.shared)];
    for (const [index, [shared, own]] of groups.entries()) {
      const then = index === groups.length - 1 ? beginning : null;
      await this.machine.deliver(this.folder, sharedName(shared), own, then);
    }
    if (groups.length === 0) await this.machine.begin(this.folder, beginning);
  }

  /** The runner's report of the jobs; null: nothing is delivered there yet.
   * @param end how much of the end of each job's output is reported, in bytes */
  async report(folders: readonly string[], end = 0): Promise<QueueReport | null> {
    try {
      return await this.machine.report(this.folder, folders, end);
    } catch (error) {
      if (error instanceof CommandFailed && !(await this.isInstalled())) return null;
      throw error;
    }
  }

  async isInstalled(): Promise<boolean> {
    const { code } = await this.connection.query(command('test', '-e', `${this.folder}/runner.sh`));
    return code === 0;
  }

  /** Ends everything of the deployment there, and removes the queue with these job folders.
   * @param runs whose secrets are removed, delivered or not */
  async clear(deployment: string, folders: readonly string[], runs: readonly string[]): Promise<void> {
    if (await this.isInstalled()) await this.machine.release(this.folder, deployment, runs);
    await this.#change({
      ...script(
        `${defineGone}; gone "$1" && while IFS= read -r job; do gone "$job" || exit; done && { rmdir "$(dirname "$1")" 2>/dev/null || :; }`,
        this.folder,
      ),
      // By standard input: a command line has a limit.
      input: { text: folders.map((folder) => `${folder}\n`).join('') },
    });
  }

  async #change(there: Command): Promise<void> {
    if (!this.executor.dryRun) await this.connection.ready();
    await this.executor.change(this.connection.reach(there));
  }
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
