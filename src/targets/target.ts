import type { SweepScript } from '../machines/job-script.js';
import type { JobReport } from '../machines/job-state.js';
import type { Machine } from '../machines/machine.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/run-record.js';
import type { Io } from '../shell/process.js';
import type { Secret } from '../shell/word.js';
import type { Checkout } from '../tools/git/command-line.js';

/** What a target is told of a sweep: all that does not depend on the machine that will run it. */
export interface Sweep extends Omit<SweepScript, 'source' | 'contextRepository'> {
  /** The pinned commit, and where all of it is on this computer. */
  readonly source: Checkout;
  /** Handed to each job on its machine, in memory. */
  readonly secrets: readonly Secret[];
}

export interface LaunchedJob extends DeployedJob {
  readonly record: RunRecord;
  readonly containerName: string;
  /** The job's part of job.sh. */
  readonly script: string;
}

/** Where conditions run. Each verb may be repeated after a crash: it then does what is left of it. */
export interface Target {
  readonly name: string;

  /** Where a run's job folder will be. */
  jobFolder(run: string): string;

  /** Brings every job to its machine and sets the queue going. Jobs that have arrived are left alone.
   *  @throws UserError, with everything that was launched until then at work */
  launch(deployment: Deployment, sweep: Sweep, jobs: readonly LaunchedJob[], io: Io): Promise<void>;

  /** What the machines say of the jobs; a queue whose runner was killed is set going again. */
  status(deployment: Deployment): Promise<readonly JobReport[]>;

  /** Brings home what the jobs have left so far. Deletes nothing here. */
  collect(deployment: Deployment): Promise<void>;

  /** Leaves no container and no process of the deployment. Releasing what is gone already is success. */
  release(deployment: Deployment): Promise<void>;

  /** The machine that a job is on. */
  machineOf(deployment: Deployment, job: DeployedJob): Machine;
}
