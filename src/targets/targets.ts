import { UserError } from '../errors.js';
import type { Host } from '../experiment/settings.js';
import type { DeploymentStore } from '../runs/deployment.js';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Engine } from '../tools/docker/engine.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';
import type { SshPool } from '../tools/ssh/pool.js';
import { HostsTarget } from './hosts.js';
import { LocalTarget } from './local.js';
import type { Sweep, Target } from './target.js';

export class TargetNotSupported extends UserError {
  constructor(name: string) {
    super(`The target "${name}" is not in this version of logistician.`, [
      'logistician deploy --target local',
      'logistician deploy --target hosts --hosts user@gpu1,user@gpu2',
    ]);
  }
}

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
  /** The docker command of this computer, and that of a machine elsewhere. */
  readonly localDocker: string;
  readonly remoteDocker: string;
  /** The runner.sh and survey.sh of this version. */
  readonly runner: string;
  readonly survey: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly now: () => Date;
  /** Makes the image of a sweep here, unless it is there. */
  readonly buildHere: (sweep: Sweep, io: Io) => Promise<unknown>;
  /** Asks whether a machine that nobody knows yet is who it says. */
  readonly trust: (machine: string, key: HostKey) => Promise<boolean>;
}

/** The target of that name. @throws TargetNotSupported */
export function targetNamed(name: string, world: Surroundings): Target {
  if (name === 'local') return new LocalTarget(world);
  if (name === 'hosts') return new HostsTarget(world);
  throw new TargetNotSupported(name);
}
