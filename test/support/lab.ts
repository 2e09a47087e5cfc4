import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conditionFromArgv } from '../../src/experiment/condition.js';
import { type Connection, here } from '../../src/machines/connection.js';
import { folders, jobScript, known, type SweepScript, sweepScript } from '../../src/machines/job-script.js';
import { finalStates, type JobReport, type JobState } from '../../src/machines/job-state.js';
import { Machine } from '../../src/machines/machine.js';
import { command } from '../../src/shell/command.js';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import type { Outcome } from '../../src/shell/process.js';
import { baseImage } from './engines.js';
import { type Files, Repository, scratchFolder } from './repository.js';
import { until } from './until.js';

export const runnerTemplate = fileURLToPath(new URL('../../templates/machine/runner.sh', import.meta.url));

/** Name of the file in the queue's folder with what all jobs of a test sweep share. */
export const sharedPart = 'sweep.sh';

/** What a test sweep may differ in; all else is what a deployment on this computer has. */
export interface SweepChanges extends Partial<Omit<SweepScript, 'container'>> {
  readonly container?: Partial<SweepScript['container']>;
}

/** One job of a test sweep: where it is, and what it is called. */
export interface TestJob {
  readonly folder: string;
  readonly run: string;
  readonly container: string;
}

/** A project in git, a folder for runs, and sweeps of it: all that the operations above would prepare. */
export class Lab {
  readonly root = scratchFolder();
  readonly project: Repository;
  readonly #sweeps: TestSweep[] = [];

  constructor(
    files: Files,
    readonly connection: Connection = here('test'),
    /** Part of every job's path. */
    readonly runs = 'runs',
  ) {
    this.project = Repository.create(files, join(this.root, 'project'));
    // Other tests have slots of their own, as on other computers.
    process.env.LOGISTICIAN_SLOTS = join(this.root, 'slots');
  }

  /** A sweep of its own queue whose jobs run `command`; null: the image's own program. */
  async sweep(command: string | null, changes: SweepChanges = {}): Promise<TestSweep> {
    const sweep = new TestSweep(this, `sweep-${this.#sweeps.length + 1}`, command, changes);
    this.#sweeps.push(sweep);
    await sweep.open();
    return sweep;
  }

  /** Ends everything that is running, and leaves nothing. */
  async close(): Promise<void> {
    for (const sweep of this.#sweeps) await sweep.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export class TestSweep {
  readonly executor = new Executor(new Journal(() => {}));
  readonly queue: string;
  readonly machine: Machine;
  readonly script: SweepScript;
  readonly deployment: string;
  readonly #jobs: TestJob[] = [];

  constructor(
    readonly lab: Lab,
    readonly name: string,
    command: string | null,
    changes: SweepChanges,
  ) {
    this.queue = join(lab.root, name, 'queue');
    this.machine = new Machine(this.executor, lab.connection, join(this.queue, 'runner.sh'));
    this.deployment = `test-${createHash('sha256').update(this.queue).digest('hex').slice(0, 12)}`;
    this.script = {
      docker: 'docker',
      maxHours: 1,
      image: {
        tag: baseImage,
        tree: 'none',
        dockerfile: 'Dockerfile',
        leftOut: 'parameters.json',
        labels: {},
        bases: [],
      },
      source: { repository: lab.project.root, commit: lab.project.head, submodules: [], lfs: null },
      contextRepository: lab.project.root,
      ...changes,
      container: {
        image: changes.image?.tag ?? baseImage,
        labels: { 'logistician.run': known.run, 'logistician.deployment': this.deployment },
        project: folders.source,
        data: folders.data,
        home: folders.home,
        inputs: {},
        secrets: null,
        environment: {},
        extraArgs: [],
        experimentCommand: command,
        ...changes.container,
      },
    };
  }

  async open(): Promise<void> {
    await this.machine.makeFolder(this.queue);
    await this.machine.writeFile(join(this.queue, 'runner.sh'), readFileSync(runnerTemplate, 'utf8'));
    await this.machine.writeFile(join(this.queue, sharedPart), sweepScript(this.script));
  }

  /** Names a job and lays it out on the machine, in the queue. */
  async add(run: string, argv: readonly string[] = []): Promise<TestJob> {
    const job = this.job(run);
    await this.put(job, this.jobPart(job, argv));
    return job;
  }

  /** Lays out a job with its own part of job.sh, in the queue. */
  put({ folder }: TestJob, script: string): Promise<void> {
    return this.deliver([{ folder, script }]);
  }

  deliver(parts: readonly { folder: string; script: string }[], machine = this.machine): Promise<void> {
    return machine.deliver(this.queue, sharedPart, parts);
  }

  job(run: string): TestJob {
    const folder = join(this.lab.root, this.name, this.lab.runs, run);
    const job = { folder, run, container: `${this.deployment}-${run}` };
    this.#jobs.push(job);
    return job;
  }

  /** @param work where the job's data are to be, if not in its folder */
  jobPart(job: TestJob, argv: readonly string[], work?: string): string {
    const configuration = JSON.stringify({ run: job.run, argv });
    const { options } = conditionFromArgv(argv);
    const own = { run: job.run, containerName: job.container, attempt: 1, ...(work && { work }) };
    return jobScript({ ...own, argv, options, configuration });
  }

  begin(slots = 1): Promise<void> {
    return this.machine.begin(this.queue, { slots: Array<string>(slots).fill('-') });
  }

  /** Lays out one job, runs it and waits for its end. */
  async run(run: string, argv: readonly string[] = []): Promise<TestJob & { state: JobState }> {
    const job = await this.add(run, argv);
    await this.begin();
    return { ...job, state: await this.ended(job) };
  }

  async report(job: TestJob): Promise<JobReport & { stalled: boolean }> {
    const { stalled, jobs } = await this.machine.report(this.queue, [job.folder]);
    const [report] = jobs;
    if (!report) throw new Error(`the runner says nothing of ${job.folder}`);
    return { ...report, stalled };
  }

  /** What a verb of the runner ends with, and prints. */
  verb(words: readonly string[], input = ''): Promise<Outcome> {
    const there = command('sh', join(this.queue, 'runner.sh'), ...words);
    return this.lab.connection.query({ ...there, input: { text: input } });
  }

  /** Waits until the first slot has no worker. */
  async isFree(): Promise<void> {
    await until('the slot is free', () => !existsSync(join(this.queue, 'slots', '1', 'owner')));
  }

  /** The job's state once it is at its end and the runner has cleared up behind it. */
  async ended(job: TestJob): Promise<JobState> {
    const state = await until(`end of ${job.run}`, () => {
      const now = stateOf(job);
      return now && finalStates.has(now.state) && now;
    });
    await until(
      `clearing up behind ${job.run}`,
      () => !existsSync(join(job.folder, 'home')) && !isThere(job),
    );
    return state;
  }

  /** Waits until the job says the line. */
  async says(job: TestJob, line: string): Promise<void> {
    await until(`${job.run} says ${line}`, () => output(job).split('\n').includes(line));
  }

  async close(): Promise<void> {
    await this.machine.release(this.queue, this.deployment, []);
    const user = process.getuid?.() ?? 0;
    for (const job of this.#jobs)
      rmSync(join('/dev/shm', `logistician-${user}`, job.container), { recursive: true, force: true });
  }
}

export function stateOf(job: TestJob): JobState | null {
  const path = join(job.folder, 'state.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JobState) : null;
}

export const data = (job: TestJob, ...path: string[]): string => join(job.folder, 'data', ...path);

export const text = (job: TestJob, ...path: string[]): string => readFileSync(data(job, ...path), 'utf8');

/** A log of the job's: where no container reaches it, until the job has ended. */
export function logOf(job: TestJob, name: string): string {
  try {
    return readFileSync(join(job.folder, 'logs', name), 'utf8');
  } catch {
    return text(job, 'logs', name);
  }
}

/** What the job has printed so far. */
export const output = (job: TestJob): string => logOf(job, 'docker.txt');

/** What Docker prints. */
export const docker = (...args: string[]): string =>
  execFileSync('docker', args, { stdio: 'pipe' }).toString().trim();

/** Whether the job has a container, running or not. */
export const isThere = (job: TestJob): boolean =>
  docker('ps', '--all', '--quiet', '--filter', `name=^${job.container}$`) !== '';

/** The process that works on a slot. */
export const workerOf = (sweep: TestSweep, slot = 1): number =>
  Number(readFileSync(join(sweep.queue, 'slots', String(slot), 'owner'), 'utf8').split(' ')[0]);

/** The processes running on the sweep's queue, by their ids. One of them has a session of its own; those that it
 *  starts are not counted. */
export const workersOf = (sweep: TestSweep): number[] =>
  readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .filter((id) => {
      const [, runner, verb, queue] = ofProcess(id, 'cmdline').split('\0');
      return runner === join(sweep.queue, 'runner.sh') && verb === 'work' && queue === sweep.queue;
    })
    .filter((id) => ofProcess(id, 'stat').replace(/.*\) /, '').split(' ')[3] === id)
    .map(Number);

function ofProcess(id: string, file: string): string {
  try {
    return readFileSync(join('/proc', id, file), 'utf8');
  } catch {
    return '';
  }
}

/** Puts an empty file where the job sees it. */
export function signal(job: TestJob, name: string): void {
  mkdirSync(data(job, 'results'), { recursive: true });
  copyFileSync('/dev/null', data(job, 'results', name));
}
