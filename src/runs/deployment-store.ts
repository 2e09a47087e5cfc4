import { existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import { readBounded } from './bounded-file.js';
import type { Deployment } from './deployment.js';
import { type ForeignDeployment, foreignAt, readDeployment } from './deployment-file.js';
import { ignoreFromGit } from './ignored-folder.js';
import { takeLock } from './lock.js';
import { readRecord, told } from './read-record.js';
import type { RunRecord } from './record.js';
import { isRunId } from './run-id.js';
import { noteSilence } from './silence.js';
import { findState, keyFile, linkState, makeState, type StateFolder } from './state-folder.js';

const recordFile = 'deployment.json';

/** Contains a file RUN.json per job of the deployment, until it is released. */
const receiptsFolder = 'receipts';

const discardedFile = 'discarded.txt';

/** How ssh said that it reaches the machines. */
const routesFile = 'routes.json';

/** Machines are asked about each. */
const mostDiscarded = 50;

/** The right to change a deployment: only `DeploymentStore.locked` makes one, while it holds the lock. */
export class LiveDeployment {
  #latest: Deployment | null;

  /** @internal */
  constructor(
    recorded: Deployment | null,
    private readonly save: (deployment: Deployment) => void,
  ) {
    this.#latest = recorded;
  }

  /** The present record; in a dry run, as it would be. null: there was never one */
  get last(): Deployment | null {
    return this.#latest;
  }

  /** The same. @throws Error if there is none */
  get now(): Deployment {
    if (!this.#latest) throw new Error('there is no deployment');
    return this.#latest;
  }

  write(next: Deployment): void {
    this.save(next);
    this.#latest = next;
  }
}

/** An experiment was moved while its jobs run, and another one is in its place; or it was deleted and made again. */
export class AnothersDeployment extends UserError {
  constructor(experiment: string, state: string) {
    const links = join(experiment, '.logistician');
    super(
      `The live deployment that is recorded for ${experiment} is that of another folder, which was here before. If it was moved, look at it where it is now, with logistician status FOLDER: then this one is free. If this is the same experiment, made again, its deployment is taken over by:`,
      [pasteable`mkdir -p ${links} && cp ${join(state, keyFile)} ${join(links, keyFile)}`],
    );
  }
}

/** The deployment of an experiment, as recorded by this computer in the user's home. */
export class DeploymentStore {
  readonly #state: StateFolder;
  #hasMoved: boolean;
  /** The known_hosts of a dry run. */
  #unwritten: string | undefined;

  /** @param experiment the experiment's folder.
   * @param home the user's.
   * @param readOnly for a dry run: nothing is written or locked. */
  constructor(
    home: string,
    private readonly experiment: string,
    readonly readOnly = false,
  ) {
    this.#state = findState(home, experiment, !readOnly);
    this.#hasMoved = this.#state.hasMoved;
  }

  get folder(): string {
    return this.#state.folder;
  }

  /** The experiment of which this folder is a copy; null: not a copy. */
  get copyOf(): string | null {
    return this.#state.copyOf;
  }

  /** Whether the experiment was moved since the last command; true only once. */
  tellMove(): boolean {
    const isNews = this.#hasMoved && !this.readOnly;
    this.#hasMoved = false;
    return isNews;
  }

  get queue(): string {
    return join(this.folder, 'queue');
  }

  /** Job folders of runs on this computer. */
  get jobs(): string {
    return join(this.folder, 'jobs');
  }

  get commands(): string {
    return join(this.folder, 'commands.sh');
  }

  /** The machines by name, for ssh and programs that use it. */
  get sshConfig(): string {
    return join(this.folder, 'ssh_config');
  }

  /** The machines' host keys, as first seen. */
  get knownHosts(): string {
    return join(this.folder, 'known_hosts');
  }

  get terraform(): string {
    return join(this.folder, 'terraform');
  }

  /** Creates the folder of the state, and links to it in the experiment's folder. @throws AnothersDeployment */
  prepare(): void {
    if (this.readOnly) return;
    this.#refuseAnothers();
    makeState(this.#state, this.experiment);
    const links = join(this.experiment, '.logistician');
    // The links are for users only: if something else is in their place, it stays.
    if (lstatSync(links, { throwIfNoEntry: false })?.isDirectory() === false) return;
    ignoreFromGit(links);
    linkState(this.#state, this.experiment);
  }

  /** Starts a new commands.sh for a new deployment; that of the last one is kept under its id. */
  setCommandsAside(last: Deployment | null): void {
    if (this.readOnly || !last || !existsSync(this.commands)) return;
    renameSync(this.commands, join(this.folder, `commands-${last.id}.sh`));
  }

  /** The last deployment, released or not; null: none. @throws UserError if its record cannot be read */
  read(): Deployment | null {
    this.#refuseAnothers();
    return readDeployment(join(this.folder, recordFile));
  }

  #refuseAnothers(): void {
    if (this.#state.isAnothers) throw new AnothersDeployment(this.experiment, this.folder);
  }

  /** Keeps a copy of the receipt of a deployed run: the job is delivered by this copy, and stays known if the tree
   * loses its own. */
  keepReceipt(record: RunRecord): void {
    if (!this.readOnly) writeAtomically(this.#receipt(record.id), `${JSON.stringify(record)}\n`);
  }

  /** The kept copy of a receipt; null: none, or unreadable. */
  keptReceipt(run: string): RunRecord | null {
    if (!isRunId(run)) return null;
    const path = this.#receipt(run);
    return told([], () => {
      const file = readBounded(path);
      return file && readRecord(file.bytes, join(this.folder, run, 'run.json'));
    });
  }

  /** Records a deployment of which something stays at places that were given up. */
  noteDiscarded(deployment: string): void {
    const all = [...new Set([...this.#discarded(), deployment])].slice(-mostDiscarded);
    writeAtomically(join(this.folder, discardedFile), `${all.join('\n')}\n`);
  }

  /** Ids of those that are over. */
  get discarded(): readonly string[] {
    const last = this.read();
    return this.#discarded().filter((id) => id !== last?.id || last.released !== null);
  }

  #discarded(): string[] {
    const text = readBounded(join(this.folder, discardedFile))?.bytes.toString() ?? '';
    return text.split('\n').filter((id) => /^[0-9a-z-]+$/.test(id));
  }

  #receipt(run: string): string {
    return join(this.folder, receiptsFolder, `${run}.json`);
  }

  /** A record in the tree that is not ours; null: none. */
  foreign(): ForeignDeployment | null {
    const path = join(this.experiment, '.logistician', recordFile);
    return foreignAt(path);
  }

  /** Records unreachable places. @returns since when each has been unreachable, by name */
  noteSilence(
    deployment: string,
    answers: { readonly asked: readonly string[]; readonly silent: readonly string[] },
    now: Date,
  ): ReadonlyMap<string, Date> {
    return noteSilence(join(this.folder, 'silent.json'), deployment, answers, now, this.readOnly);
  }

  /** Writes machines.txt, for users: a line for each condition, with its place. */
  writeMachines(text: string): void {
    if (!this.readOnly) writeAtomically(join(this.folder, 'machines.txt'), text);
  }

  /** The text that `writeRoutes` wrote; '' for none. */
  readRoutes(): string {
    return readBounded(join(this.folder, routesFile))?.bytes.toString() ?? '';
  }

  writeRoutes(text: string): void {
    if (!this.readOnly) writeAtomically(join(this.folder, routesFile), text, 0o600);
  }

  /** The text of known_hosts; in a dry run, as it would be. */
  readKnownHosts(): string {
    return this.#unwritten ?? (existsSync(this.knownHosts) ? readFileSync(this.knownHosts, 'utf8') : '');
  }

  writeKnownHosts(text: string): void {
    if (this.readOnly) this.#unwritten = text;
    else {
      this.prepare();
      writeAtomically(this.knownHosts, text);
    }
  }

  /** Holds the deployment's lock while `work` changes it.
   *  @param waiting called once if another process holds it.
   *  @throws LockHeld after a minute */
  async locked<T>(work: (live: LiveDeployment) => Promise<T>, waiting: () => void): Promise<T> {
    if (this.readOnly) return work(new LiveDeployment(this.read(), () => {}));
    this.prepare();
    const unlock = await takeLock(join(this.folder, 'lock'), waiting);
    try {
      return await work(new LiveDeployment(this.read(), (next) => this.#write(next)));
    } finally {
      unlock();
    }
  }

  #write(deployment: Deployment): void {
    // Synced to disk: without the record, rented machines would be unknown.
    writeAtomically(join(this.folder, recordFile), `${JSON.stringify(deployment, null, 2)}\n`, 0o600, true);
    if (deployment.released !== null)
      rmSync(join(this.folder, receiptsFolder), { recursive: true, force: true });
  }
}
