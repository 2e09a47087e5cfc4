import { existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../shell/atomic-file.js';
import { readBounded } from './bounded-file.js';
import type { Deployment } from './deployment.js';
import { type ForeignDeployment, foreignAt, readDeployment } from './deployment-file.js';
import { ignoreFromGit } from './ignored-folder.js';
import { takeLock } from './lock.js';
import { readRecord, told } from './read-record.js';
import type { RunRecord } from './record.js';
import { isRunId } from './run-id.js';
import { noteSilence } from './silence.js';
import { findState, linkState, makeState, type StateFolder } from './state-folder.js';

const recordFile = 'deployment.json';

/** A file RUN.json a job of the deployment, until that is released. */
const receiptsFolder = 'receipts';

/** The right to change a deployment: only `DeploymentStore.locked` makes one, and it holds the lock all the while. */
export class LiveDeployment {
  #latest: Deployment | null;

  /** @internal */
  constructor(
    recorded: Deployment | null,
    private readonly save: (deployment: Deployment) => void,
  ) {
    this.#latest = recorded;
  }

  /** As it is written down now; in a dry run, as it would be. null: there was never one */
  get last(): Deployment | null {
    return this.#latest;
  }

  /** The same where there is one. @throws Error if not */
  get now(): Deployment {
    if (!this.#latest) throw new Error('there is no deployment');
    return this.#latest;
  }

  write(next: Deployment): void {
    this.save(next);
    this.#latest = next;
  }
}

/** The deployment of an experiment: what this computer wrote of it, in the user's home. */
export class DeploymentStore {
  readonly #state: StateFolder;
  #hasMoved: boolean;
  /** What a dry run would have in known_hosts. */
  #unwritten: string | undefined;

  /** @param experiment the experiment's folder. @param home the user's.
   *  @param readOnly for a dry run: nothing is written or locked. */
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

  /** The experiment that this folder is a copy of; null: it is none. */
  get copyOf(): string | null {
    return this.#state.copyOf;
  }

  /** Whether the experiment was moved since this computer looked last; told once. */
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

  /** The machines by name, for ssh and all that uses it. */
  get sshConfig(): string {
    return join(this.folder, 'ssh_config');
  }

  /** The host keys that the machines showed first. */
  get knownHosts(): string {
    return join(this.folder, 'known_hosts');
  }

  get terraform(): string {
    return join(this.folder, 'terraform');
  }

  /** Makes the folder of the state, and the links to it in the experiment's folder. */
  prepare(): void {
    if (this.readOnly) return;
    makeState(this.#state, this.experiment);
    const links = join(this.experiment, '.logistician');
    // They are for people: where the tree has something else there, it does without.
    if (lstatSync(links, { throwIfNoEntry: false })?.isDirectory() === false) return;
    ignoreFromGit(links);
    linkState(this.#state, this.experiment);
  }

  /** Makes room for the lines of a new deployment; those of the last one stay under its id. */
  setCommandsAside(last: Deployment | null): void {
    if (this.readOnly || !last || !existsSync(this.commands)) return;
    renameSync(this.commands, join(this.folder, `commands-${last.id}.sh`));
  }

  /** The deployment made last, released or not; null: there was none.
   *  @throws UserError if its record cannot be read */
  read(): Deployment | null {
    return readDeployment(join(this.folder, recordFile));
  }

  /** Keeps the receipt of a deployed run as it was made: a job is delivered by this one, and is still known when the tree
   *  has lost its own. */
  keepReceipt(record: RunRecord): void {
    if (!this.readOnly) writeAtomically(this.#receipt(record.id), `${JSON.stringify(record)}\n`);
  }

  /** The receipt that was kept; null: there is none, or none that can be read. */
  keptReceipt(run: string): RunRecord | null {
    if (!isRunId(run)) return null;
    const path = this.#receipt(run);
    return told([], () => {
      const file = readBounded(path);
      return file && readRecord(file.bytes, join(this.folder, run, 'run.json'));
    });
  }

  #receipt(run: string): string {
    return join(this.folder, receiptsFolder, `${run}.json`);
  }

  /** A record in the tree that is not ours; null: there is none. */
  foreign(): ForeignDeployment | null {
    const path = join(this.experiment, '.logistician', recordFile);
    return foreignAt(path);
  }

  /** Since when places of the deployment have not answered, by name. */
  noteSilence(
    deployment: string,
    answers: { readonly asked: readonly string[]; readonly silent: readonly string[] },
    now: Date,
  ): ReadonlyMap<string, Date> {
    return noteSilence(join(this.folder, 'silent.json'), deployment, answers, now, this.readOnly);
  }

  /** For people: a line for each condition, with where it runs. */
  writeMachines(text: string): void {
    if (!this.readOnly) writeAtomically(join(this.folder, 'machines.txt'), text);
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
    // Without it nothing would know of machines that are being paid for.
    writeAtomically(join(this.folder, recordFile), `${JSON.stringify(deployment, null, 2)}\n`, 0o600, true);
    if (deployment.released !== null)
      rmSync(join(this.folder, receiptsFolder), { recursive: true, force: true });
  }
}
