import type { DeploymentStore } from '../runs/deployment-store.js';
import type { Executor } from '../shell/executor.js';
import type { SshPool } from '../tools/ssh/pool.js';
import type { Step } from './target.js';

/** What every target is given of its surroundings. Paths are absolute. Nothing in it comes from parameters.json: what a
 *  target needs of that, it is given by `survey` and `launch`, and keeps in the deployment's places. */
export interface TargetContext {
  readonly executor: Executor;
  readonly ssh: SshPool;
  readonly deployments: DeploymentStore;
  /** The experiment's folder runs/. */
  readonly runs: string;
  /** Scripts of this version: what runs jobs, what says what a machine has, a rented machine's user data, and what stops
   *  one that is idle. */
  readonly templates: Readonly<Record<'runner' | 'survey' | 'cloudInit' | 'idle', string>>;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly now: () => Date;
  /** Tells a person of something that takes a while. */
  readonly note: (text: string) => void;
  /** Tells how far a place is that jobs are brought to. */
  readonly step: (place: string, step: Step) => void;
}
