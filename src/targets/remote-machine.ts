import { mkdirSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Connection } from '../machines/connection.js';
import { sweepScript } from '../machines/job-script.js';
import { finalStates, type JobReport } from '../machines/job-state.js';
import { Machine } from '../machines/machine.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import { type Command, command, type Input, renderCommand } from '../shell/command.js';
import { CommandFailed } from '../shell/executor.js';
import { largeFiles } from '../source/checkout.js';
import { changeAmongOthers, findKept } from '../source/push.js';
import { findImage, programWordsOf } from '../tools/docker/command-line.js';
import { pushCommit, type Submodule } from '../tools/git/command-line.js';
import { copyHere, copyThere, partial, vanished } from '../tools/rsync/command-line.js';
import { inputThere, jobsThere, queueThere, sourceThere, sweepThere } from './remote-layout.js';
import type { Surroundings } from './surroundings.js';
import type { CollectedJob, Collecting, LaunchedJob, Place, Sweep } from './target.js';

/** A machine of a deployment that is reached over SSH: how things get there, and home again. */
export class RemoteMachine {
  readonly #place: Place;
  readonly #root: string;

  constructor(
    private readonly world: Surroundings,
    private readonly deployed: DeployedMachine,
    private readonly connection: Connection,
    private readonly deployment: Pick<Deployment, 'id'>,
  ) {
    this.#root = deployed.root ?? '';
    const queue = queueThere(this.#root, world.experiment, deployment.id);
    this.#place = { queue, machine: new Machine(world.executor, connection, `${queue}/runner.sh`) };
  }

  get place(): Place {
    return this.#place;
  }

  /** Brings everything that the jobs need, then the jobs, then sets the queue going. */
  async deliver(sweep: Sweep, jobs: readonly LaunchedJob[]): Promise<void> {
    const { machine, queue } = this.#place;
    await this.#change(install(`${queue}/runner.sh`, { from: command('cat', this.world.runner) }));
    if (jobs.length > 0) {
      const script = sweepScript(sweepThere(this.#root, sweep));
      await this.#change(install(`${queue}/sweep.sh`, { text: script }));
      await this.#bringSource(sweep);
      await this.#bringInputs(sweep);
      if (sweep.transport === 'ssh') await this.#bringImage(sweep);
    }
    for (const { containerName } of jobs)
      for (const secret of sweep.secrets) await machine.putSecret(containerName, secret);
    await machine.deliver(queue, jobs);
    await machine.begin(queue, this.deployed.slots);
  }

  /** What the runner says of the jobs; a queue whose runner was killed is set going again. Copies of jobs that were
   *  given to another machine, while this one did not answer, go: one of them may be given back. */
  async report(jobs: readonly DeployedJob[], movedAway: readonly string[]) {
    const { machine, queue } = this.#place;
    const folders = [...jobs.map((job) => job.folder), ...movedAway];
    let report = await machine.report(queue, folders).catch((error: unknown) => {
      // Nothing has been delivered yet.
      if (error instanceof CommandFailed && error.outcome.stderr.includes(`${queue}/runner.sh`)) return null;
      throw error;
    });
    if (!report) return [];
    const strays = report.jobs.filter((job) => movedAway.includes(job.folder) && job.state);
    if (strays.length > 0) {
      const open = strays.filter(({ state }) => state && !finalStates.has(state.state));
      const folderOf = (job: JobReport) => job.folder;
      if (open.length > 0) await machine.stop(queue, 10, open.map(folderOf));
      await this.#change(command('rm', '-rf', ...strays.map(folderOf)));
      report = await machine.report(queue, folders);
    }
    if (report.stalled && !report.jobs.some((job) => job.full)) {
      await machine.begin(queue, this.deployed.slots);
      report = await machine.report(queue, folders);
    }
    return report.jobs.filter((job) => !movedAway.includes(job.folder));
  }

  /** Copies what the jobs have left into runs/. */
  async collect(jobs: readonly CollectedJob[], { only, progress }: Collecting): Promise<void> {
    if (jobs.length === 0) return;
    if (!this.world.executor.dryRun) mkdirSync(this.world.runs, { recursive: true });
    const folder = jobsThere(this.#root, this.world.experiment);
    const copy = copyHere(
      { config: this.world.deployments.sshConfig, machine: this.deployed.name },
      jobs.map((job) => `${folder}/./${job.run}${only === null ? '' : `/data/${only}`}`),
      `${this.world.runs}/`,
      jobs.filter((job) => !job.whole).map((job) => job.run),
    );
    const { name } = this.deployed;
    const onStdout = (chunk: Buffer) => {
      const percent = chunk.toString().match(/\d+%/g)?.at(-1);
      if (percent) progress(name, percent);
    };
    const outcome = await this.world.executor.attempt(copy, { onStdout });
    if (outcome.code === 0 || outcome.code === vanished) return;
    // rsync passes over what is not there, but not over the folder that it would be in.
    if (outcome.code === partial && !(await this.#has(folder))) return;
    throw new CommandFailed(renderCommand(copy), outcome);
  }

  /** Leaves nothing of the deployment but what later ones share: the source and the inputs. */
  async release(jobs: readonly string[]): Promise<void> {
    const { machine, queue } = this.#place;
    if (await this.#has(`${queue}/runner.sh`))
      await machine.release(
        queue,
        this.deployment.id,
        jobs.map((job) => basename(job)),
      );
    await this.#change(removal(queue, jobs));
  }

  async #bringSource({ source, projectKey }: Sweep): Promise<void> {
    const there = sourceThere(this.#root, projectKey, source);
    const parts = [
      { here: source, there },
      ...source.submodules.map((one, place) => ({ here: one, there: there.submodules[place] })),
    ];
    for (const { here, there: place } of parts) {
      if (!place) continue;
      await this.#bringCommit(here, place.repository);
      if (here.lfs === null || place.lfs === null) continue;
      const list = (await largeFiles(here)).map(({ object }) => `${object}\n`).join('');
      const from = `${here.lfs}/objects/`;
      if (list !== '') await this.#send(from, `${place.lfs}/objects/`, list);
    }
  }

  /** Other experiments of the project may be bringing it at this moment. */
  async #bringCommit({ repository, commit }: Pick<Submodule, 'repository' | 'commit'>, into: string) {
    const { executor, deployments } = this.world;
    const format = commit.length === 64 ? 'sha256' : 'sha1';
    // What it fails with is recognized by its words.
    const words = ['env', 'LC_ALL=C', 'sh', `${this.#place.queue}/runner.sh`, 'repository', into, format];
    const make = this.connection.reach(command(...words));
    await changeAmongOthers(executor, make, async () => false);
    const push = pushCommit(repository, deployments.sshConfig, this.deployed.name, into, commit);
    const isThere = async () => {
      const kept = await this.connection.query(findKept(into, commit));
      return kept.code === 0 && kept.stdout.trim() === commit;
    };
    await changeAmongOthers(executor, push, isThere);
  }

  async #bringInputs({ container, inputIds }: Sweep): Promise<void> {
    for (const [name, from] of Object.entries(container.inputs)) {
      const into = inputThere(this.#root, name, inputIds);
      if (await this.#has(into)) continue;
      const half = `${into}.${this.deployment.id}`;
      await this.#change(command('mkdir', '-p', `${this.#root}/inputs`));
      await this.#send(statSync(from).isDirectory() ? `${from}/` : from, half);
      // Whole or not at all; another sweep may have been quicker.
      await this.#change(command('sh', '-c', '[ -e "$2" ] || mv "$1" "$2"', 'sh', half, into));
    }
  }

  /** The image as it is here, unless the machine has the same. */
  async #bringImage({ docker, image }: Sweep): Promise<void> {
    const own = await this.world.engine.image(image.tag);
    const theirs = await this.connection.query(findImage(docker, image.tag));
    if (own && theirs.stdout.trim() === own.id) return;
    const save = command(...programWordsOf(this.world.localDocker), 'save', image.tag);
    await this.#change({ ...command(...programWordsOf(docker), 'load'), input: { from: save } });
  }

  async #has(path: string): Promise<boolean> {
    return (await this.connection.query(command('test', '-e', path))).code === 0;
  }

  async #send(from: string, into: string, list?: string): Promise<void> {
    const there = { config: this.world.deployments.sshConfig, machine: this.deployed.name };
    await this.world.executor.change(copyThere(from, there, into, list));
  }

  async #change(there: Command): Promise<void> {
    await this.world.executor.change(this.connection.reach(there));
  }
}

/** Writes a file whole or not at all, its folder too. */
const install = (path: string, input: Input): Command => ({
  ...command('sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1.new" && mv "$1.new" "$1"', 'sh', path),
  input,
});

/** Removes the folders, and the one they are in when the last deployment is gone from it. */
const removal = (queue: string, jobs: readonly string[]): Command => ({
  ...command(
    ...['sh', '-c'],
    'rm -rf "$1" && while IFS= read -r job; do rm -rf "$job" || exit; done && { rmdir "$(dirname "$1")" 2>/dev/null || :; }',
    ...['sh', queue],
  ),
  // However many there are: a line has an end.
  input: { text: jobs.map((job) => `${job}\n`).join('') },
});
