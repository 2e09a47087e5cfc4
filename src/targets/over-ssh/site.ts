import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Connection } from '../../machines/connection.js';
import { jobScript, sweepScript } from '../../machines/job-script.js';
import { RunnerQueue } from '../../machines/runner-queue.js';
import { containerName, imageOf, jobOf, sweepOf } from '../../recipe/scripts.js';
import { type Deployment, limitOf, type Place } from '../../runs/deployment.js';
import { type Command, command } from '../../shell/command.js';
import { CommandFailed } from '../../shell/executor.js';
import { largeFiles } from '../../source/missing-files.js';
import { changeAmongOthers, findKept } from '../../source/push.js';
import { Engine } from '../../tools/docker/engine.js';
import { findImage, programWordsOf } from '../../tools/docker/lines.js';
import type { Submodule } from '../../tools/git/check-out.js';
import { pushCommit } from '../../tools/git/lines.js';
import { readComplaints } from '../../tools/rsync/complaints.js';
import { copyHere, copyThere } from '../../tools/rsync/lines.js';
import { rsyncHere } from '../../tools/rsync/program.js';
import type { TargetContext } from '../context.js';
import type { Bundle, CollectedJob, Collecting, LaunchedJob } from '../target.js';
import { foldersAt, inputAt, layoutAt, sourceAt } from './layout.js';
import type { SshMachine } from './ways.js';

/** The outcome of collecting from a machine. */
export interface Fetched {
  readonly arrived: readonly string[];
  /** Jobs that had begun, and whose folder there is gone. */
  readonly lost: readonly string[];
  /** Files that could not be read there, and why, by run. All others were collected. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** A machine of a deployment over SSH: delivery to it, and collection from it. */
export class SshSite {
  readonly queue: RunnerQueue;
  readonly #folders: ReturnType<typeof foldersAt>;

  constructor(
    private readonly context: TargetContext,
    private readonly connection: Connection,
    private readonly place: Place,
    private readonly there: Pick<SshMachine, 'root' | 'rootless'>,
    private readonly deployment: Pick<Deployment, 'id' | 'experiment' | 'docker' | 'max_failures'>,
  ) {
    this.#folders = foldersAt(there.root, deployment.experiment, deployment.id);
    this.queue = new RunnerQueue(context.executor, connection, this.#folders.queue);
  }

  /** Uploads everything that the jobs need, then the jobs, then starts the queue. */
  async deliver(bundle: Bundle, jobs: readonly LaunchedJob[]): Promise<void> {
    const { id, docker } = this.deployment;
    const at = { ...this.there, docker };
    const queued = jobs.map(({ run, folder, recipe }) => ({
      folder,
      containerName: containerName(run, folder),
      shared: sweepScript(sweepOf(recipe, layoutAt(at, id, recipe, bundle))),
      script: jobScript(jobOf(recipe, { run, folder })),
    }));
    await this.queue.install(this.context.templates.runner);
    await this.queue.announce(queued);
    if (jobs.length > 0) {
      await this.#bringSource(bundle);
      await this.#bringInputs(jobs);
      if (bundle.transport === 'ssh') await this.#bringImages(bundle, jobs);
    }
    for (const job of jobs) await this.#bringState(job);
    const beginning = { slots: this.place.slots ?? [], maxFailures: limitOf(this.deployment) };
    await this.queue.deliver(queued, bundle.secrets, beginning);
  }

  /** Downloads the jobs' data, and nothing else of them, into runs/. @throws CommandFailed */
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
        this.#folders.jobs,
        there.map((job) => `${job.run}/data${only === null ? '' : `/${only}`}`),
        `${runs}/`,
        await rsyncHere(executor),
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
      // A machine is not trusted: only a folder that is really here counts, and not a link.
      for (const { run, folder } of only === null && !executor.dryRun ? there : [])
        if (!isFolder(join(runs, run, 'data')))
          unreadable.set(run, unreadable.get(run) ?? `${folder}/data: it did not arrive as a folder`);
    }
    const arrived = there.map(({ run }) => run).filter((run) => !unreadable.has(run));
    return { arrived, lost, unreadable };
  }

  /** The run to which a path there belongs; '' for a path outside of all. */
  #runOf(path: string): string {
    const from = `${this.#folders.jobs}/`;
    return path.startsWith(from) ? (path.slice(from.length).replace(/^\.\//, '').split('/')[0] ?? '') : '';
  }

  /** Removes everything of the deployment except what later ones share: the source and the inputs. */
  clear(folders: readonly string[]): Promise<void> {
    return this.queue.clear(
      this.deployment.id,
      folders,
      folders.map((folder) => basename(folder)),
    );
  }

  /** The folders that do not exist there. @throws Unreachable, CommandFailed */
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
    const there = sourceAt(this.there.root, projectKey, source);
    const parts = [
      { here: source, there },
      ...source.submodules.map((one, index) => ({ here: one, there: there.submodules[index] })),
    ];
    for (const { here, there: into } of parts) {
      if (!into) continue;
      await this.#bringCommit(here, into.repository);
      if (here.lfs === null || into.lfs === null) continue;
      const list = (await largeFiles(here)).map(({ object }) => `${object}\n`).join('');
      if (list !== '') await this.#send(`${here.lfs}/objects/`, `${into.lfs}/objects/`, { list });
    }
  }

  /** Pushes a commit. Other experiments of the project may be pushing it at the same time. */
  async #bringCommit({ repository, commit, history }: Omit<Submodule, 'path' | 'lfs'>, into: string) {
    const { executor, deployments } = this.context;
    const format = commit.length === 64 ? 'sha256' : 'sha1';
    if (!executor.dryRun) await this.connection.ready();
    const words = ['sh', `${this.queue.folder}/runner.sh`, 'repository', into, format];
    await changeAmongOthers(executor, this.connection.reach(command(...words)), async () => false);
    const tags = history?.tags.flatMap(({ annotated, id }) => (annotated ? [id] : [])) ?? [];
    const ids = [commit, ...new Set(tags)];
    const push = pushCommit(repository, deployments.sshConfig, this.place.name, into, ids);
    const exists = async () => {
      const kept = await this.connection.query(findKept(into, ids));
      return kept.code === 0 && kept.stdout.split('\n').filter(Boolean).length === ids.length;
    };
    await changeAmongOthers(executor, push, exists);
  }

  async #bringInputs(jobs: readonly LaunchedJob[]): Promise<void> {
    const inputs = new Map(
      jobs.flatMap(({ recipe }) =>
        Object.entries(recipe.inputs).map(([name, input]): [string, string] => [
          inputAt(this.there.root, name, input),
          input.path,
        ]),
      ),
    );
    for (const [into, from] of inputs) {
      if ((await this.connection.query(command('test', '-e', into))).code === 0) continue;
      const half = `${into}.${this.deployment.id}`;
      await this.#change(command('mkdir', '-p', `${this.there.root}/inputs`));
      await this.#send(statSync(from).isDirectory() ? `${from}/` : from, half);
      // Atomic; another sweep may have been faster.
      await this.#change(command('sh', '-c', '[ -e "$2" ] || mv "$1" "$2"', 'sh', half, into));
    }
  }

  /** Called before the job is delivered: afterwards it may have started. State that the machine already has is copied
   * there. */
  async #bringState({ folder, state, recipe }: LaunchedJob): Promise<void> {
    const isThere = async (...words: string[]) =>
      (await this.connection.query(command('test', ...words))).code === 0;
    if (state === null || (await isThere('-e', `${folder}/state.json`))) return;
    await this.#change(command('mkdir', '-p', `${folder}/data`));
    const before = recipe.continues && `${this.#folders.job(recipe.continues.run)}/data`;
    const alike = before !== undefined && (await isThere('-d', before)) ? before : null;
    await this.#send(state, `${folder}/data/`, { alike });
  }

  /** Sends the images from here, unless the machine has the same ones. */
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

  async #send(from: string, into: string, how?: Parameters<typeof copyThere>[4]): Promise<void> {
    const there = { config: this.context.deployments.sshConfig, machine: this.place.name };
    const { executor } = this.context;
    await executor.change(copyThere(from, there, into, await rsyncHere(executor), how));
  }

  async #change(there: Command): Promise<void> {
    if (!this.context.executor.dryRun) await this.connection.ready();
    await this.context.executor.change(this.connection.reach(there));
  }
}

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
