import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Connection } from '../../machines/connection.js';
import { jobScript, sweepScript } from '../../machines/job-script.js';
import { RunnerQueue } from '../../machines/runner-queue.js';
import { containerName, imageOf, jobOf, sweepOf } from '../../recipe/scripts.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import { type Command, command } from '../../shell/command.js';
import { CommandFailed } from '../../shell/executor.js';
import { largeFiles } from '../../source/checkout.js';
import { changeAmongOthers, findKept } from '../../source/push.js';
import { Engine } from '../../tools/docker/engine.js';
import { findImage, programWordsOf } from '../../tools/docker/lines.js';
import { pushCommit, type Submodule } from '../../tools/git/lines.js';
import { readComplaints } from '../../tools/rsync/complaints.js';
import { copyHere, copyThere } from '../../tools/rsync/lines.js';
import type { TargetContext } from '../context.js';
import type { Bundle, CollectedJob, Collecting, LaunchedJob } from '../target.js';
import { foldersAt, inputAt, layoutAt, sourceAt } from './layout.js';

/** What of a machine's jobs has come here. */
export interface Fetched {
  readonly arrived: readonly string[];
  /** They have no folder there any more, though they had begun. */
  readonly lost: readonly string[];
  /** Something of them could not be read there: what, and why, by run. All else of them has come. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** A machine of a deployment that is reached over SSH: how things get there, and here again. */
export class SshSite {
  readonly queue: RunnerQueue;
  readonly #folders: ReturnType<typeof foldersAt>;

  constructor(
    private readonly context: TargetContext,
    private readonly connection: Connection,
    private readonly place: Place,
    /** Our folder there. */
    private readonly root: string,
    private readonly deployment: Pick<Deployment, 'id' | 'experiment' | 'docker'>,
  ) {
    this.#folders = foldersAt(root, deployment.experiment, deployment.id);
    this.queue = new RunnerQueue(context.executor, connection, this.#folders.queue);
  }

  /** Brings everything that the jobs need, then the jobs, then starts the queue. */
  async deliver(bundle: Bundle, jobs: readonly LaunchedJob[]): Promise<void> {
    await this.queue.install(this.context.templates.runner);
    if (jobs.length > 0) {
      await this.#bringSource(bundle);
      await this.#bringInputs(jobs);
      if (bundle.transport === 'ssh') await this.#bringImages(bundle, jobs);
    }
    const { id, docker } = this.deployment;
    const at = { root: this.root, docker };
    const queued = jobs.map(({ run, folder, recipe }) => ({
      folder,
      containerName: containerName(run, folder),
      shared: sweepScript(sweepOf(recipe, layoutAt(at, id, recipe, bundle))),
      script: jobScript(jobOf(recipe, { run, folder })),
    }));
    await this.queue.deliver(queued, bundle.secrets, this.place.slots ?? []);
  }

  /** Copies what the jobs have left into runs/: their data alone. What else a machine has of them is its own affair.
   *  @throws CommandFailed */
  async fetch(jobs: readonly CollectedJob[], { only, progress }: Collecting): Promise<Fetched> {
    const { executor, runs, deployments } = this.context;
    const unreadable = new Map<string, string>();
    if (jobs.length === 0) return { arrived: [], lost: [], unreadable };
    if (!executor.dryRun) mkdirSync(runs, { recursive: true });
    const missing = await this.#missing(jobs.map(({ folder }) => folder));
    const there = jobs.filter(({ folder }) => !missing.has(folder));
    const lost = jobs.filter(({ folder, began }) => began && missing.has(folder)).map(({ run }) => run);
    if (there.length > 0) {
      const copy = copyHere(
        { config: deployments.sshConfig, machine: this.place.name },
        there.map((job) => `${this.#folders.jobs}/./${job.run}/data${only === null ? '' : `/${only}`}`),
        `${runs}/`,
      );
      const onStdout = (chunk: Buffer) => {
        const percent = chunk.toString().match(/\d+%/g)?.at(-1);
        if (percent) progress(this.place.name, percent);
      };
      if (!executor.dryRun) await this.connection.ready();
      const outcome = await executor.attempt(copy, { onStdout });
      const complaints = readComplaints(outcome.code, outcome.stderr);
      if (complaints.other.length > 0) throw new CommandFailed(copy, outcome);
      for (const { path, why } of complaints.unreadable) unreadable.set(this.#runOf(path), `${path}: ${why}`);
      // A machine says what it likes. What came is what is here, and a link is none of it.
      for (const { run, folder } of only === null && !executor.dryRun ? there : [])
        if (!isFolder(join(runs, run, 'data')))
          unreadable.set(run, unreadable.get(run) ?? `${folder}/data: it did not come as a folder`);
    }
    const arrived = there.map(({ run }) => run).filter((run) => !unreadable.has(run));
    return { arrived, lost, unreadable };
  }

  /** The run to which a path there belongs; '' for one outside of them. */
  #runOf(path: string): string {
    const from = `${this.#folders.jobs}/`;
    return path.startsWith(from) ? (path.slice(from.length).replace(/^\.\//, '').split('/')[0] ?? '') : '';
  }

  /** Leaves nothing of the deployment but what later ones share: the source and the inputs. */
  clear(folders: readonly string[]): Promise<void> {
    return this.queue.clear(
      this.deployment.id,
      folders,
      folders.map((folder) => basename(folder)),
    );
  }

  /** Those of the folders that do not exist there. @throws Unreachable, CommandFailed */
  async #missing(folders: readonly string[]): Promise<ReadonlySet<string>> {
    const text = 'while IFS= read -r folder; do [ -d "$folder/data" ] || printf "%s\\n" "$folder"; done';
    const question: Command = {
      ...command('sh', '-c', text),
      input: { text: folders.map((folder) => `${folder}\n`).join('') },
    };
    const outcome = await this.connection.query(question);
    if (outcome.code !== 0) throw new CommandFailed(this.connection.reach(question), outcome);
    return new Set(outcome.stdout.split('\n').filter(Boolean));
  }

  async #bringSource({ source, projectKey }: Bundle): Promise<void> {
    const there = sourceAt(this.root, projectKey, source);
    const parts = [
      { here: source, there },
      ...source.submodules.map((one, index) => ({ here: one, there: there.submodules[index] })),
    ];
    for (const { here, there: into } of parts) {
      if (!into) continue;
      await this.#bringCommit(here, into.repository);
      if (here.lfs === null || into.lfs === null) continue;
      const list = (await largeFiles(here)).map(({ object }) => `${object}\n`).join('');
      if (list !== '') await this.#send(`${here.lfs}/objects/`, `${into.lfs}/objects/`, list);
    }
  }

  /** Other experiments of the project may be bringing it at this moment. */
  async #bringCommit({ repository, commit }: Pick<Submodule, 'repository' | 'commit'>, into: string) {
    const { executor, deployments } = this.context;
    const format = commit.length === 64 ? 'sha256' : 'sha1';
    if (!executor.dryRun) await this.connection.ready();
    // What it fails with is recognized by its words.
    const words = ['env', 'LC_ALL=C', 'sh', `${this.queue.folder}/runner.sh`, 'repository', into, format];
    await changeAmongOthers(executor, this.connection.reach(command(...words)), async () => false);
    const push = pushCommit(repository, deployments.sshConfig, this.place.name, into, commit);
    const exists = async () => {
      const kept = await this.connection.query(findKept(into, commit));
      return kept.code === 0 && kept.stdout.trim() === commit;
    };
    await changeAmongOthers(executor, push, exists);
  }

  async #bringInputs(jobs: readonly LaunchedJob[]): Promise<void> {
    const inputs = new Map(
      jobs.flatMap(({ recipe }) =>
        Object.entries(recipe.inputs).map(([name, { path, id }]): [string, string] => [
          inputAt(this.root, name, id),
          path,
        ]),
      ),
    );
    for (const [into, from] of inputs) {
      if ((await this.connection.query(command('test', '-e', into))).code === 0) continue;
      const half = `${into}.${this.deployment.id}`;
      await this.#change(command('mkdir', '-p', `${this.root}/inputs`));
      await this.#send(statSync(from).isDirectory() ? `${from}/` : from, half);
      // Whole or not at all; another sweep may have been quicker.
      await this.#change(command('sh', '-c', '[ -e "$2" ] || mv "$1" "$2"', 'sh', half, into));
    }
  }

  /** The images as they are here, unless the machine has the same. */
  async #bringImages({ parameters }: Bundle, jobs: readonly LaunchedJob[]): Promise<void> {
    const { executor, env } = this.context;
    const engine = new Engine(executor, parameters.dockerCommand, env);
    for (const tag of new Set(jobs.map(({ recipe }) => imageOf(recipe).tag))) {
      const own = await engine.image(tag);
      const theirs = await this.connection.query(findImage(this.deployment.docker, tag));
      if (own && theirs.stdout.trim() === own.id) continue;
      const save = command(...programWordsOf(parameters.dockerCommand), 'save', tag);
      const load = command(...programWordsOf(this.deployment.docker), 'load');
      await this.#change({ ...load, input: { from: save } });
    }
  }

  async #send(from: string, into: string, list?: string): Promise<void> {
    const there = { config: this.context.deployments.sshConfig, machine: this.place.name };
    await this.context.executor.change(copyThere(from, there, into, list));
  }

  async #change(there: Command): Promise<void> {
    if (!this.context.executor.dryRun) await this.connection.ready();
    await this.context.executor.change(this.connection.reach(there));
  }
}

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
