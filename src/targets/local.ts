import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { here } from '../machines/connection.js';
import { findGpus } from '../machines/gpus.js';
import { ensureImage } from '../machines/image.js';
import { type SweepScript, sweepScript } from '../machines/job-script.js';
import { Machine } from '../machines/machine.js';
import { slots } from '../machines/slots.js';
import { currentUser } from '../machines/user.js';
import type { DeployedMachine, Deployment } from '../runs/deployment.js';
import { command } from '../shell/command.js';
import type { Io } from '../shell/process.js';
import type { Surroundings } from './surroundings.js';
import type { FoundMachine, LaunchedJob, Place, Sweep, Target, TargetStatus, Wish } from './target.js';

/** This computer. The job folder is the run's own folder, so what a job leaves is at home at once. */
export class LocalTarget implements Target {
  readonly name = 'local';
  readonly docker: string;
  readonly #queue: string;
  readonly #runner: string;

  constructor(private readonly world: Surroundings) {
    this.docker = world.localDocker;
    this.#queue = world.deployments.queue;
    this.#runner = join(this.#queue, 'runner.sh');
  }

  async survey(wish: Wish): Promise<{ machines: readonly FoundMachine[]; problems: readonly [] }> {
    const engine = await this.world.engine.facts();
    const gpus = await findGpus(this.world.executor, here(''), engine);
    const name = hostname();
    const machine = {
      facts: { name, user: currentUser(), engine, gpus },
      deployed: {
        name,
        slots: slots(wish.gpus, gpus, engine, wish.slots ?? undefined),
        root: null,
        route: null,
        released: null,
      },
    };
    return { machines: [machine], problems: [] };
  }

  jobFolder(_machine: DeployedMachine, run: string): string {
    return join(this.world.runs, run);
  }

  sweepOn(_machine: DeployedMachine, sweep: Sweep): SweepScript {
    return { ...sweep, contextRepository: sweep.source.repository };
  }

  async launch(
    deployment: Deployment,
    sweep: Sweep,
    jobs: readonly LaunchedJob[],
    io: Io,
  ): Promise<readonly []> {
    const { executor, engine, runner } = this.world;
    const machine = this.#machine(this.#runner);
    await ensureImage(executor, engine, sweep.docker, sweep.source.repository, sweep.image, io);
    await machine.makeFolder(this.#queue);
    // Workers may be at it at this moment: they see the old file or the new.
    await executor.change(command('cp', runner, `${this.#runner}.new`));
    await executor.change(command('mv', `${this.#runner}.new`, this.#runner));
    const [own] = deployment.machines;
    if (!own) throw new Error(`deployment ${deployment.id} has no machine`);
    await machine.writeFile(join(this.#queue, 'sweep.sh'), sweepScript(this.sweepOn(own, sweep)));
    for (const { containerName } of jobs)
      for (const secret of sweep.secrets) await machine.putSecret(containerName, secret);
    await machine.deliver(this.#queue, jobs);
    await machine.begin(this.#queue, own.slots);
    return [];
  }

  async status(deployment: Deployment): Promise<TargetStatus> {
    const folders = deployment.jobs.map((job) => job.folder);
    const { machine, queue } = this.placeOf();
    let report = await machine.report(queue, folders);
    // On a full disk nothing can begin.
    if (report.stalled && !report.jobs.some((job) => job.full)) {
      await machine.begin(queue, deployment.machines[0]?.slots ?? []);
      report = await machine.report(queue, folders);
    }
    const runs = new Map(deployment.jobs.map((job) => [job.folder, job.run]));
    return {
      reports: new Map(report.jobs.map((job) => [runs.get(job.folder) ?? '', job])),
      problems: [],
    };
  }

  async collect(): Promise<readonly []> {
    // The job folder is in runs/ already.
    return [];
  }

  async release(deployment: Deployment): Promise<readonly []> {
    const runs = deployment.jobs.map(({ run }) => run);
    await this.placeOf().machine.release(this.#queue, deployment.id, runs);
    await this.world.executor.change(command('rm', '-rf', this.#queue));
    return [];
  }

  /** A launch that was cut short may not have brought the queue its runner. */
  placeOf(): Place {
    const runner = existsSync(this.#runner) ? this.#runner : this.world.runner;
    return { machine: this.#machine(runner), queue: this.#queue };
  }

  #machine(runner: string): Machine {
    return new Machine(this.world.executor, here(hostname()), runner);
  }
}
