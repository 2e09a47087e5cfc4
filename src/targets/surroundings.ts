import type { AwsParameters, Host } from '../experiment/settings.js';
import type { DeploymentStore } from '../runs/deployment.js';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Engine } from '../tools/docker/engine.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';
import type { SshPool } from '../tools/ssh/pool.js';
import type { Step, Sweep } from './target.js';

/** What every target may need of its surroundings. Paths are absolute. */
export interface Surroundings {
  readonly executor: Executor;
  readonly engine: Engine;
  readonly ssh: SshPool;
  readonly deployments: DeploymentStore;
  /** The experiment's folder runs/. */
  readonly runs: string;
  /** The name under which the experiment's jobs are kept on a machine. */
  readonly experiment: string;
  /** The machines of target `hosts`. */
  readonly hosts: readonly Host[];
  /** What parameters.json says of machines that are rented. */
  readonly aws: AwsParameters;
  /** The user's own tags for them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly maxHours: number;
  readonly idleMinutes: number;
  /** The docker command of this computer, and that of a machine elsewhere. */
  readonly localDocker: string;
  readonly remoteDocker: string;
  /** The runner.sh and survey.sh of this version. */
  readonly runner: string;
  readonly survey: string;
  /** The template of a rented machine's user data, and the script that ends it when it is idle. */
  readonly cloudInit: string;
  readonly idle: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly now: () => Date;
  /** Tells a person of something that takes a while. */
  readonly note: (text: string) => void;
  /** Tells how far a machine is that jobs are brought to. */
  readonly step: (machine: string, step: Step) => void;
  /** Makes the image of a sweep here, unless it is there. */
  readonly buildHere: (sweep: Sweep, io: Io) => Promise<unknown>;
  /** Asks whether a machine that nobody knows yet is who it says. */
  readonly trust: (machine: string, key: HostKey) => Promise<boolean>;
}
