import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import type { Route } from '../tools/ssh/route.js';
import { ignoreFromGit } from './run-store.js';

/** One condition of a deployment, and where its job folder is. */
export interface DeployedJob {
  readonly run: string;
  readonly condition: string;
  /** Name of its machine. */
  readonly machine: string;
  /** Absolute path on that machine. */
  readonly folder: string;
  /** Folders on machines that did not answer when the job was given to another one. */
  readonly moved_from?: readonly Pick<DeployedJob, 'machine' | 'folder'>[];
}

/** What a rented machine is made of, and what became of it. */
export interface CloudMachine {
  /** The AWS account that it is in; machines of before this was written down have none. */
  readonly account?: string;
  readonly region: string;
  readonly instance_type: string;
  readonly ami: string;
  /** GiB that the AMI brings, and that are wished for. */
  readonly ami_volume: number;
  readonly root_volume: number;
  /** null: on demand. */
  readonly spot: { readonly max_price: string | null } | null;
  /** null: AWS chooses one of the default VPC. */
  readonly subnet: { readonly id: string; readonly vpc: string; readonly range: string } | null;
  readonly public_address: boolean;
  /** Which of its addresses SSH goes to. */
  readonly ssh_address: 'public' | 'private';
  /** Where Terraform's state is; null: here. */
  readonly state: { readonly bucket: string; readonly region: string } | null;
  readonly user: string;
  /** Seconds from each boot to its end. */
  readonly deadline: number;
  /** Minutes without work after which it stops; null: it does not. */
  readonly idle_minutes: number | null;
  /** Its id; null: there is none yet. */
  readonly instance: string | null;
  /** AWS had none to give, in its own words; null: it was not refused. */
  readonly refused: string | null;
}

/** A machine of a deployment. */
export interface DeployedMachine {
  readonly name: string;
  /** The `--gpus` value of each slot; `-` for none. */
  readonly slots: readonly string[];
  /** Our folder on it, an absolute path; null: this computer, where things are in their own places. */
  readonly root: string | null;
  /** How it is reached; null: this computer, or a rented machine that is not there yet. */
  readonly route: Route | null;
  /** Of machines that are rented for the deployment. */
  readonly cloud?: CloudMachine;
  /** Nothing of the deployment is left there: since when. */
  readonly released: string | null;
}

/** Whether it is another computer than this one. */
export const isElsewhere = ({ route, cloud }: Pick<DeployedMachine, 'route' | 'cloud'>): boolean =>
  route !== null || cloud !== undefined;

/** A sweep placed on a target and pinned to a commit, as deployment.json holds it. */
export interface Deployment {
  readonly schema: 1;
  readonly id: string;
  readonly experiment: string;
  readonly experiment_path: string;
  readonly target: string;
  readonly commit: string;
  /** One hash for the commit's source, parameters.json left out. */
  readonly source_id: string;
  readonly created: string;
  /** null while it is live or ended but not released. */
  readonly released: string | null;
  readonly machines: readonly DeployedMachine[];
  readonly docker: string;
  /** parameters.json as it was. */
  readonly parameters_file: string;
  readonly jobs: readonly DeployedJob[];
}

/** silent.json: since when machines of a deployment have not answered, ISO 8601 by name. */
interface SilenceRecord {
  readonly deployment: string;
  readonly since: Readonly<Record<string, string>>;
}

/** The folder .logistician/ of an experiment: the live deployment. */
export class DeploymentStore {
  readonly folder: string;
  /** What a dry run would have in known_hosts. */
  #unwritten: string | undefined;

  /** @param readOnly for a dry run: nothing is written or locked. */
  constructor(
    experiment: string,
    readonly readOnly = false,
  ) {
    this.folder = join(experiment, '.logistician');
  }

  get queue(): string {
    return join(this.folder, 'queue');
  }

  get commands(): string {
    return join(this.folder, 'commands.sh');
  }

  /** The machines by name, for ssh and all that goes by it. */
  get sshConfig(): string {
    return join(this.folder, 'ssh_config');
  }

  /** The host keys that the machines showed first. */
  get knownHosts(): string {
    return join(this.folder, 'known_hosts');
  }

  /** Makes room for the lines of a new deployment; those of the last one stay under its id. */
  setCommandsAside(last: Deployment | null): void {
    if (this.readOnly || !last || !existsSync(this.commands)) return;
    renameSync(this.commands, join(this.folder, `commands-${last.id}.sh`));
  }

  /** The deployment made last, released or not; null: there was none. */
  read(): Deployment | null {
    const path = join(this.folder, 'deployment.json');
    if (!existsSync(path)) return null;
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Deployment;
    } catch (cause) {
      throw new UserError(`${path} cannot be read as a deployment.`, [pasteable`cat ${path}`], { cause });
    }
  }

  write(deployment: Deployment): void {
    if (this.readOnly) return;
    ignoreFromGit(this.folder);
    writeAtomically(join(this.folder, 'deployment.json'), `${JSON.stringify(deployment, null, 2)}\n`);
  }

  /** Since when machines of the deployment have not answered, by name.
   *  @param asked which ones were asked now; of the others is known what was known. @param silent did not answer */
  noteSilence(
    deployment: string,
    asked: readonly string[],
    silent: readonly string[],
    now: Date,
  ): ReadonlyMap<string, Date> {
    const path = join(this.folder, 'silent.json');
    const noted = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SilenceRecord) : null;
    const before = noted?.deployment === deployment ? noted.since : {};
    const unasked = Object.entries(before).filter(([name]) => !asked.includes(name));
    const still = silent.map((name): [string, string] => [name, before[name] ?? now.toISOString()]);
    const since = Object.fromEntries([...unasked, ...still]);
    if (!this.readOnly && JSON.stringify(before) !== JSON.stringify(since))
      writeAtomically(path, `${JSON.stringify({ deployment, since })}\n`);
    return new Map(Object.entries(since).map(([name, date]) => [name, new Date(date)]));
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
    if (this.readOnly) {
      this.#unwritten = text;
      return;
    }
    ignoreFromGit(this.folder);
    writeAtomically(this.knownHosts, text);
  }

  /** Holds the deployment's lock while `work` launches or releases; a holder that died is replaced in seconds.
   *  @param waiting called once if somebody else holds it.
   *  @throws UserError after a minute. */
  async locked<T>(work: () => Promise<T>, waiting: () => void): Promise<T> {
    if (this.readOnly) return work();
    ignoreFromGit(this.folder);
    const release = await this.#lock(waiting);
    try {
      return await work();
    } finally {
      // Somebody may have taken over a lock that we seemed to have left.
      await release().catch(() => {});
    }
  }

  async #lock(waiting: () => void): Promise<() => Promise<void>> {
    // Loaded late: it takes long for what most commands do without.
    const { lock } = (await import('proper-lockfile')).default;
    const once = {
      realpath: false,
      lockfilePath: join(this.folder, 'lock'),
      stale: 10_000,
      update: 2_000,
      onCompromised: () => {},
    };
    for (let tries = 0; ; tries++) {
      try {
        return await lock(this.folder, once);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED') throw cause;
        if (tries === 0) waiting();
        if (tries >= 120) {
          throw new UserError(
            'Another logistician is launching or releasing this deployment, and does not end.',
            ['pgrep -fa logistician', 'logistician status'],
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
}
