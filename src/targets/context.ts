import type { DeploymentStore } from '../runs/deployment-store.js';
import type { Executor } from '../shell/executor.js';
import type { SshPool } from '../tools/ssh/pool.js';
import type { Step } from './target.js';

/** The context of every target. Paths are absolute. It has nothing from parameters.json: a target gets that from
 * `survey` and `launch`, and keeps what it needs in the deployment's places. */
export interface TargetContext {
  readonly executor: Executor;
  readonly ssh: SshPool;
  readonly deployments: DeploymentStore;
  /** The experiment's folder runs/. */
  readonly runs: string;
  /** Scripts of this version: the runner of jobs, the survey of a machine, the user data of a rented machine, the
   * script that stops an idle one, and what finds on a machine what no deployment needs. */
  readonly templates: Readonly<Record<'runner' | 'survey' | 'unneeded' | 'cloudInit' | 'idle', string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly now: () => Date;
  /** Notes something that takes a while. */
  readonly note: (text: string) => void;
  /** Reports the launch step of a place. */
  readonly step: (place: string, step: Step) => void;
}
