import { type Command, command, write } from '../shell/command.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import { type Limits, ofReads } from '../shell/limits.js';
import type { Io, Outcome } from '../shell/process.js';
import type { Secret, Word } from '../shell/word.js';
import type { Connection } from './connection.js';
import type { QueueReport } from './job-state.js';
import { parseReport } from './parse-report.js';

/** The runner's verbs take seconds. After this timeout something hangs, such as a disk. */
const ofVerbs = { timeoutMs: 600_000 } as const satisfies Limits;

/** Removing containers and large folders takes longer. */
const ofRelease = { timeoutMs: 1_800_000 } as const satisfies Limits;

/** The size of a report depends on the number of jobs. */
const ofReport = (jobs: number, end: number) => ({
  timeoutMs: ofReads.timeoutMs + jobs * 200,
  maxBytes: ofReads.maxBytes + jobs * (65_536 + end),
});

/** How a queue begins. */
export interface Beginning {
  /** The `--gpus` value of each slot; `-` for no GPU. */
  readonly slots: readonly string[];
  /** The queue is held after so many failed jobs. Default: never. */
  readonly maxFailures?: number | null;
}

const wordsOf = ({ slots, maxFailures = null }: Beginning): readonly string[] => [
  ...(maxFailures === null ? [] : ['--max-failures', String(maxFailures)]),
  ...slots,
];

/** A computer that runs conditions, controlled through its runner. All paths are on the machine. */
export class Machine {
  constructor(
    private readonly executor: Executor,
    readonly connection: Connection,
    /** Path of runner.sh. */
    private readonly runner: string,
  ) {}

  /** Creates the folder of a job without a queue. Repeated, it does nothing. @param script all of job.sh */
  async add(job: string, script: Word): Promise<void> {
    await this.#change({ ...this.#verb('add', '-', job), input: { text: script } });
  }

  /** Writes the shared part of jobs' job.sh to a file of this name in the queue's folder. */
  async announce(queue: string, name: string, shared: string): Promise<void> {
    await this.#change({ ...this.#verb('announce', queue, name), input: { text: shared } });
  }

  /** Adds jobs to the queue, in that order and in one call.
   * @param shared name of the file in the queue's folder with the shared part of job.sh
   * @param then starts runners in the same call, as `begin` does; null: not now */
  async deliver(
    queue: string,
    shared: string,
    jobs: readonly { folder: string; script: string }[],
    then: Beginning | null = null,
  ): Promise<void> {
    if (jobs.length === 0) return;
    const list = jobs.map(({ folder, script }) => `${Buffer.byteLength(script)} ${folder}\n`);
    const text = [...list, ...jobs.map(({ script }) => script)].join('');
    await this.#change({
      ...this.#verb(
        ...['deliver', queue, shared, String(jobs.length), String(Buffer.byteLength(text))],
        ...(then ? ['begin', ...wordsOf(then)] : []),
      ),
      input: { text },
    });
  }

  /** Starts a runner for each slot that has none. A held queue continues, and failures are counted from zero. */
  async begin(queue: string, how: Beginning): Promise<void> {
    await this.#change(this.#verb('begin', queue, ...wordsOf(how)));
  }

  /** The same for a queue whose runners are gone: a held queue stays held. */
  async beginAgain(queue: string, slots: readonly string[]): Promise<void> {
    await this.#change(this.#verb('begin', queue, '--keep-held', ...slots));
  }

  /** Holds the queue after so many failures. */
  async hold(queue: string, failures: number): Promise<void> {
    await this.#change(this.#verb('hold', queue, String(failures)));
  }

  /** Runs the job on this terminal. The exit code is the job's own, or Docker's from 125 on. */
  run(job: string, mode: readonly string[], io: Io): Promise<Outcome> {
    return this.executor.attempt(this.connection.reach(this.#verb('run', job, ...mode)), io);
  }

  /** Gives a job that has lost its runner a new one, without a terminal. */
  async resume(job: string): Promise<void> {
    await this.#change(this.#verb('resume', job));
  }

  /** Moves files of ended jobs to their folders, if these had been moved away when the jobs ended. */
  async settle(jobs: readonly string[]): Promise<void> {
    await this.#change(this.#verb('settle', ...jobs));
  }

  /** @param end how much of the end of each job's output is reported, in bytes */
  async report(queue: string | null, jobs: readonly string[], end = 0): Promise<QueueReport> {
    const question = {
      ...this.#verb('report', queue ?? '-', ...(end > 0 ? [String(end)] : [])),
      input: { text: jobs.map((job) => `${job}\n`).join('') },
    };
    return parseReport(await this.#read(question, ofReport(jobs.length, end)));
  }

  /** The job's output from byte `offset` on. With `follow`, until the job has ended. */
  log(job: string, offset: number, follow: boolean, io: Io): Promise<Outcome> {
    const verb = this.#verb('log', job, String(offset), ...(follow ? ['follow'] : []));
    return this.connection.query(verb, follow ? { timeoutMs: Number.POSITIVE_INFINITY, ...io } : io);
  }

  /** How many bytes of output the job had written at that time, or has before its last lines. */
  async offset(job: string, from: { readonly since: Date } | { readonly tail: number }): Promise<number> {
    const words =
      'since' in from
        ? ['since', String(Math.floor(from.since.getTime() / 1000))]
        : ['tail', String(from.tail)];
    return Number(await this.#read(this.#verb('offset', job, ...words)));
  }

  /** Stores a secret for the job of that container, as a file on tmpfs. */
  async putSecret(containerName: string, secret: Secret): Promise<void> {
    await this.#change({ ...this.#verb('secret', containerName, secret.name), input: { text: secret } });
  }

  /** Stops the jobs: SIGTERM, and SIGKILL after `grace` seconds. Their data stays.
   * @returns the folders of those that have not ended, with a one-word reason. @throws CommandFailed */
  async stop(
    queue: string | null,
    grace: number,
    jobs: readonly string[],
  ): Promise<ReadonlyMap<string, string>> {
    const left = new Map<string, string>();
    // A command line has a limit.
    for (let from = 0; from < jobs.length; from += 500) {
      const line = this.#verb('stop', queue ?? '-', String(grace), ...jobs.slice(from, from + 500));
      if (!this.executor.dryRun) await this.connection.ready();
      const reach = this.connection.reach(line);
      // It waits for the jobs, and then moves their logs and results to their place.
      const outcome = await this.executor.attempt(reach, { timeoutMs: grace * 1000 + ofRelease.timeoutMs });
      const told = [...outcome.stdout.matchAll(/^not-ended (.+) (\S+)$/gm)];
      if (outcome.code !== 0 && told.length === 0) throw new CommandFailed(reach, outcome);
      for (const [, folder = '', why = ''] of told) left.set(folder, why);
    }
    return left;
  }

  /** Ends the queue's runners, and removes the deployment's containers and the secrets of its runs. */
  async release(queue: string, deployment: string, runs: readonly string[]): Promise<void> {
    const input = { text: runs.map((run) => `${run}\n`).join('') };
    await this.#change({ ...this.#verb('release', queue, deployment), input }, ofRelease);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#change(command('mkdir', '-p', path));
  }

  async writeFile(path: string, text: Word): Promise<void> {
    await this.#change(write(path, text));
  }

  #verb(...words: Word[]): Command {
    return command('sh', this.runner, ...words);
  }

  /** @throws CommandFailed, and Unreachable */
  async #read(there: Command, limits: Limits = {}): Promise<string> {
    const outcome = await this.connection.query(there, limits);
    if (outcome.code !== 0) throw new CommandFailed(this.connection.reach(there), outcome);
    return outcome.stdout;
  }

  async #change(there: Command, limits: Limits = ofVerbs): Promise<void> {
    if (!this.executor.dryRun) await this.connection.ready();
    await this.executor.change(this.connection.reach(there), limits);
  }
}
