import type { UserError } from '../errors.js';
import type { SweepScript } from '../machines/job-script.js';
import type { JobReport } from '../machines/job-state.js';
import type { Machine } from '../machines/machine.js';
import type { MachineFacts } from '../machines/machine-facts.js';
import type { GpuWish } from '../machines/slots.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/run-record.js';
import type { Io } from '../shell/process.js';
import type { Secret } from '../shell/word.js';
import type { Checkout } from '../tools/git/command-line.js';

/** What a target is told of a sweep: all that does not depend on the machine that will run it. */
export interface Sweep extends Omit<SweepScript, 'source' | 'contextRepository'> {
  /** The pinned commit, and where all of it is on this computer. */
  readonly source: Checkout;
  /** Names the project where projects of several people and computers meet. */
  readonly projectKey: string;
  /** What is in the inputs, by name: another text when a file has changed. */
  readonly inputIds: Readonly<Record<string, string>>;
  /** How the image gets to a machine: built there, or built here and sent. */
  readonly transport: 'build' | 'ssh';
  /** Handed to each job on its machine, in memory. */
  readonly secrets: readonly Secret[];
}

export interface LaunchedJob extends DeployedJob {
  readonly record: RunRecord;
  readonly containerName: string;
  /** The job's part of job.sh. */
  readonly script: string;
}

/** A machine that can run jobs, as it was found now. */
export interface FoundMachine {
  readonly facts: MachineFacts;
  /** It is there for this condition alone; left out: for any. */
  readonly condition?: string;
  /** What the deployment keeps of it. */
  readonly deployed: DeployedMachine;
}

export interface MetMachine {
  readonly docker: string;
}

/** What kept a machine from doing its part; the others did theirs. */
export interface MachineProblem {
  readonly machine: string;
  readonly problem: UserError;
  /** It will never answer again: what was on it and is not here is lost. Left out: false. */
  readonly isGone?: boolean;
  /** It runs, and is paid for, all the same. Left out: nothing is known of that. */
  readonly isOn?: boolean;
}

/** What a person wants of the machines. */
export interface Wish {
  readonly gpus: GpuWish;
  /** Slots on each machine; null: what it bears. */
  readonly slots: number | null;
  /** The source has files of git LFS. */
  readonly largeFiles: boolean;
  readonly secrets: boolean;
  /** Ids of the conditions that are to run, in their order. */
  readonly conditions: readonly string[];
  /** The deployment that they join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that have yet to arrive. */
  readonly undelivered: readonly DeployedJob[];
}

/** The end of a job of which its runner can say nothing any more. */
export interface EndedJob {
  readonly state: 'failed' | 'lost';
  readonly reason: 'capacity' | 'spot' | 'deadline' | 'gone';
}

export interface TargetStatus {
  /** By run id. */
  readonly reports: ReadonlyMap<string, JobReport>;
  /** Jobs that have ended with their machine, by run id. */
  readonly ended?: ReadonlyMap<string, EndedJob>;
  /** Machines that could not be asked. */
  readonly problems: readonly MachineProblem[];
  /** Those of them that have stopped and can be woken, with all that is on their disks. */
  readonly stopped?: ReadonlySet<string>;
}

/** How far a machine is on its way to its jobs. `refused`: nobody had such a machine to give. */
export type Step =
  | 'waiting'
  | 'making'
  | 'starting'
  | 'delivering'
  | 'delivered'
  | { readonly failed: string; readonly refused: boolean };

/** Where conditions run. Each verb may be repeated after a crash: it then does what is left of it. What goes wrong
 *  on one machine is told, and stops no other. */
export interface Target {
  readonly name: string;

  /** The docker command of its machines. */
  readonly docker: string;

  /** The machines there are, and what they bear. Changes nothing on them. */
  survey(wish: Wish): Promise<{ machines: readonly FoundMachine[]; problems: readonly MachineProblem[] }>;

  /** Where a run's job folder will be on a machine, an absolute path. */
  jobFolder(machine: DeployedMachine, run: string): string;

  /** The sweep as a machine will have it: with its own paths. */
  sweepOn(machine: DeployedMachine, sweep: Sweep): SweepScript;

  /** Brings every job to its machine and sets the queues going. Jobs that have arrived are left alone. */
  launch(
    deployment: Deployment,
    sweep: Sweep,
    jobs: readonly LaunchedJob[],
    io: Io,
  ): Promise<readonly MachineProblem[]>;

  /** What would be made for the deployment, in the words of the tool that makes machines. Makes nothing.
   *  @param launching machines that are asked for now. @param replaced those of them that take the place of others */
  preview?(
    deployment: Deployment,
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
  ): Promise<string>;

  /** What a machine turned out to be once it was there, where a survey could not tell; null: the survey knew. */
  met?(machine: string): MetMachine | null;

  /** Lets us in again where our address is another than the machines let in. @returns whether it was */
  reopen?(deployment: Deployment): Promise<boolean>;

  /** Starts machines that have stopped, so that they can be asked again. @returns those that could not be */
  wake?(deployment: Deployment, machines: ReadonlySet<string>): Promise<readonly MachineProblem[]>;

  /** Stops machines that were woken. */
  rest?(deployment: Deployment, machines: ReadonlySet<string>): Promise<void>;

  /** What the machines say of the jobs; a queue whose runner was killed is set going again. */
  status(deployment: Deployment): Promise<TargetStatus>;

  /** Brings home what these jobs have left so far. Deletes nothing here. */
  collect(
    deployment: Deployment,
    jobs: readonly CollectedJob[],
    how: Collecting,
  ): Promise<readonly MachineProblem[]>;

  /** Leaves no container, no process and no job folder of the deployment on these machines. Releasing what is gone
   *  already is success. */
  release(deployment: Deployment, machines: readonly DeployedMachine[]): Promise<readonly MachineProblem[]>;

  /** Where a job is spoken to. */
  placeOf(deployment: Deployment, job: DeployedJob): Place;
}

/** A machine, and the deployment's queue on it. */
export interface Place {
  readonly machine: Machine;
  readonly queue: string;
}

export interface CollectedJob extends DeployedJob {
  /** It has ended, and all of it is there to be had. */
  readonly whole: boolean;
  /** A machine was at work on it, and has something of it. */
  readonly began: boolean;
}

export interface Collecting {
  /** A path below data/ that alone is wanted; null: all. */
  readonly only: string | null;
  /** Is told how far a machine's copy is: `42%`. */
  readonly progress: (machine: string, text: string) => void;
}
