import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { here } from '../machines/connection.js';
import { ensureImage } from '../machines/image.js';
import { sweepScript } from '../machines/job-script.js';
import type { JobReport } from '../machines/job-state.js';
import { Machine } from '../machines/machine.js';
import type { Deployment } from '../runs/deployment.js';
import { command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Engine } from '../tools/docker/engine.js';
import type { LaunchedJob, Sweep, Target } from './target.js';

/** This computer. The job folder is the run's own folder, so what a job leaves is at home at once. */
export class LocalTarget implements Target {
  readonly name = 'local';
  readonly #machine: Machine;
  readonly #runner: string;

  /** @param queue the deployment's queue folder. @param runs the experiment's folder runs/.
   *  @param template the runner.sh that this version of logistician brings. */
  constructor(
    private readonly executor: Executor,
    private readonly engine: Engine,
    private readonly queue: string,
    private readonly runs: string,
    private readonly template: string,
  ) {
    this.#runner = join(queue, 'runner.sh');
    this.#machine = new Machine(executor, here(hostname()), this.#runner);
  }

  jobFolder(run: string): string {
    return join(this.runs, run);
  }

  async launch(deployment: Deployment, sweep: Sweep, jobs: readonly LaunchedJob[], io: Io): Promise<void> {
    await ensureImage(this.executor, this.engine, sweep.docker, sweep.source.repository, sweep.image, io);
    const script = sweepScript({ ...sweep, contextRepository: sweep.source.repository });
    await this.#machine.makeFolder(this.queue);
    // Workers may be at it at this moment: they see the old file or the new.
    await this.executor.change(command('cp', this.template, `${this.#runner}.new`));
    await this.executor.change(command('mv', `${this.#runner}.new`, this.#runner));
    await this.#machine.writeFile(join(this.queue, 'sweep.sh'), script);
    for (const { containerName } of jobs)
      for (const secret of sweep.secrets) await this.#machine.putSecret(containerName, secret);
    await this.#machine.deliver(this.queue, jobs);
    await this.#machine.begin(this.queue, deployment.slots);
  }

  async status(deployment: Deployment): Promise<readonly JobReport[]> {
    const folders = deployment.jobs.map((job) => job.folder);
    const machine = this.machineOf();
    const report = await machine.report(this.queue, folders);
    // On a full disk nothing can begin.
    if (!report.stalled || report.jobs.some((job) => job.full)) return report.jobs;
    await machine.begin(this.queue, deployment.slots);
    return (await machine.report(this.queue, folders)).jobs;
  }

  async collect(): Promise<void> {
    // The job folder is in runs/ already.
  }

  async release(deployment: Deployment): Promise<void> {
    await this.machineOf().release(this.queue, deployment.id);
    await this.executor.change(command('rm', '-rf', this.queue));
  }

  /** A launch that was cut short may not have brought the queue its runner. */
  machineOf(): Machine {
    if (existsSync(this.#runner)) return this.#machine;
    return new Machine(this.executor, here(hostname()), this.template);
  }
}
