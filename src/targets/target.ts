import type { Suggestion, UserError } from '../errors.js';
import type { Parameters } from '../experiment/parameters.js';
import type { Host } from '../experiment/settings.js';
import type { JobReport } from '../machines/job-state.js';
import type { MachineFacts } from '../machines/machine-facts.js';
import type { Recipe } from '../recipe/recipe.js';
import type { DeployedJob, Deployment, Place } from '../runs/deployment.js';
import type { LiveDeployment } from '../runs/deployment-store.js';
import type { Command } from '../shell/command.js';
import type { Io, Outcome } from '../shell/process.js';
import type { Secret } from '../shell/word.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import type { Checkout } from '../tools/git/lines.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';

/** What kept a place from doing its part; the others did theirs. */
export interface PlaceProblem {
  readonly place: string;
  readonly problem: UserError;
}

/** What is asked of the places where jobs could run. */
export interface SurveyRequest {
  readonly parameters: Parameters;
  /** In the place of the file's `hosts`; null: those of the file. */
  readonly hosts: readonly Host[] | null;
  /** Asks whether a machine that is not in known_hosts is the right one. */
  readonly trust: Trust;
  /** Slots at each place; null: from its processors, memory and GPUs. */
  readonly slots: number | null;
  /** The source has files of git LFS. */
  readonly largeFiles: boolean;
  /** Ids of the conditions that are to run, in their order. */
  readonly conditions: readonly string[];
  /** The deployment that they join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that have not been delivered. */
  readonly undelivered: readonly DeployedJob[];
}

export type Trust = (machine: string, key: HostKey) => Promise<boolean>;

/** What receipts keep of a place. */
export interface PlaceFacts extends Partial<Pick<MachineFacts, 'user' | 'gpus'>> {
  /** What a person calls the machine. */
  readonly name: string;
  readonly engine: Pick<EngineFacts, 'cpus' | 'memory' | 'architecture'>;
}

/** A place that can run jobs, as it was found now. */
export interface Offer {
  /** What the deployment keeps of it. */
  readonly place: Place;
  readonly facts: PlaceFacts;
  /** It is for this condition alone; null: for any. */
  readonly only: string | null;
  /** Its line of the plan, in the target's words; null: name and slots say it all. */
  readonly text: string | null;
}

export interface Survey {
  readonly offers: readonly Offer[];
  /** Places that are no help now. */
  readonly problems: readonly PlaceProblem[];
  /** The docker command there; '': none is used. */
  readonly docker: string;
}

/** What all jobs of one launch share. */
export interface Bundle {
  /** The pinned commit, and where all of it is on this computer. */
  readonly source: Checkout;
  /** Names the project where projects of several people and computers meet. */
  readonly projectKey: string;
  /** How the image gets to a machine: built there, or built here and sent. */
  readonly transport: 'build' | 'ssh';
  /** Handed to each job on its machine, in memory. */
  readonly secrets: readonly Secret[];
  readonly parameters: Parameters;
}

export interface LaunchedJob extends DeployedJob {
  readonly recipe: Recipe;
}

/** A run as its place will have it. */
export interface PlacedRun {
  /** Its job folder: the runner's own, which no container sees. Absolute, as the next. */
  readonly folder: string;
  /** The folder that holds its data/ and source/. */
  readonly work: string;
  /** The line that starts it, as a person would type it there. */
  readonly line: string;
}

/** The end of a job of which its runner can say nothing any more. */
export interface EndedJob {
  readonly state: 'failed' | 'lost';
  readonly reason: 'capacity' | 'spot' | 'deadline' | 'gone';
}

/** A place that does not answer. */
export interface SilentPlace extends PlaceProblem {
  /** It has stopped, with all that is on its disk, and can be started again. */
  readonly canStart: boolean;
}

export interface Look {
  /** What the runners say, by run id. A job that has not been delivered is missing, or has no state. */
  readonly heard: ReadonlyMap<string, JobReport>;
  /** Jobs that have ended with their place, by run id. */
  readonly ended: ReadonlyMap<string, EndedJob>;
  readonly silent: readonly SilentPlace[];
  /** Places with work that nothing works on: what ran the queue was killed, or the machine restarted. */
  readonly stalled: ReadonlySet<string>;
}

/** Jobs that could not be ended, with why, by run id. */
export interface Stopped {
  readonly problems: readonly PlaceProblem[];
  readonly notEnded: ReadonlyMap<string, string>;
}

export interface CollectedJob extends DeployedJob {
  /** It has ended, and all of it is there to be had. */
  readonly whole: boolean;
  /** A machine has worked on it, and has something of it. */
  readonly began: boolean;
}

export interface Collecting {
  /** A path below data/ that alone is wanted; null: all. */
  readonly only: string | null;
  /** Is told how far a place's copy is: `42%`. */
  readonly progress: (place: string, text: string) => void;
}

export interface Collected {
  readonly problems: readonly PlaceProblem[];
  /** Runs of which everything that exists was seen to arrive. */
  readonly arrived: ReadonlySet<string>;
  /** Runs whose results are lost: their place is gone, or has no folder of them any more. */
  readonly lost: ReadonlySet<string>;
}

/** How far a place is on its way to its jobs. `refused`: there was none to be had. */
export type Step =
  | 'waiting'
  | 'making'
  | 'starting'
  | 'delivering'
  | 'delivered'
  | { readonly failed: string; readonly refused: boolean };

/** One thing that was looked at. A `warning` hinders nothing. */
export interface Finding {
  readonly what: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly detail: string;
  /** Lines that mend it. */
  readonly mend: readonly Suggestion[];
}

/** Docker on this computer; ssh and rsync; the key pair that `setup` makes. */
export type Need = 'docker' | 'ssh' | 'key';

/** Speaking to one job. */
export interface JobAccess {
  /** Its output from byte `offset` on. With `follow`, until the job has ended. @throws Unreachable */
  log(offset: number, follow: boolean, io: Io): Promise<Outcome>;
  /** How many bytes of output it had written at that time, or before its last lines. */
  offset(from: { readonly since: Date } | { readonly tail: number }): Promise<number>;
  /** The line that opens its machine or, given its name, its container. @param command what to run; empty: a shell
   *  @throws UserError where there is none to open */
  enter(container: string | null, command: readonly string[], tty: boolean): Command;
}

/** Something rented of which no record on this computer says that it is to exist. */
export interface Leak {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly experiment: string;
  readonly deployment: string;
  /** Who created it: `user@computer`. */
  readonly by: string;
  /** This user of this computer did. */
  readonly isOurs: boolean;
  /** What it is, for people. */
  readonly detail: string;
  /** The line that ends it by hand. */
  readonly remedy: string;
}

/** What only a target with rented machines can do. */
export interface Rental {
  /** What would be created for the deployment, in the words of the tool that does it. Creates nothing.
   *  @param launching places that are asked for now. @param replaced those of them that take the place of others */
  preview(
    next: Deployment,
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
    parameters: Parameters,
  ): Promise<string>;
  /** Lets this computer in again where its address is not the one that the machines let in.
   *  @param parameters may say another address now; null: it cannot be read. @returns whether it was */
  admit(live: LiveDeployment, parameters: Parameters | null): Promise<boolean>;
  /** Starts machines that have stopped, so that they can be asked again.
   *  @param parameters as for `admit`
   *  @returns those that could not be, and which of these run (and are paid for) all the same */
  start(
    live: LiveDeployment,
    places: ReadonlySet<string>,
    parameters: Parameters | null,
  ): Promise<readonly (PlaceProblem & { readonly isOn: boolean })[]>;
  /** Stops machines that were started. */
  stop(deployment: Deployment, places: ReadonlySet<string>): Promise<void>;
  /** @param region null: that of parameters.json, or of the environment; `all`: every one that the account has */
  leaks(region: string | null, parameters: Parameters | null): Promise<readonly Leak[]>;
  endLeaks(leaks: readonly Leak[]): Promise<void>;
}

/** Where conditions run. Each verb may be repeated after a crash: it then does what is left of it. What goes wrong
 *  at one place is told, and stops no other. Everything about a deployment comes from its record. */
export interface Target {
  readonly name: string;

  /** Milliseconds between two looks while somebody follows. */
  readonly pace: number;

  /** The places that can run jobs, and their slots. Changes nothing there. */
  survey(asked: SurveyRequest): Promise<Survey>;

  /** A run as the place will have it: receipts are written before anything is sent. */
  placed(deployment: Deployment, place: Place, run: string, recipe: Recipe, bundle: Bundle): PlacedRun;

  /** Brings every job to its place and starts the queues. Jobs that have arrived are left alone. */
  launch(
    live: LiveDeployment,
    jobs: readonly LaunchedJob[],
    bundle: Bundle,
    io: Io,
  ): Promise<readonly PlaceProblem[]>;

  /** What is known of these runs now. Changes nothing. */
  look(deployment: Deployment, runs: ReadonlySet<string>): Promise<Look>;

  /** Has these places work on where nothing works on their jobs. */
  revive(deployment: Deployment, places: ReadonlySet<string>): Promise<readonly PlaceProblem[]>;

  /** Ends jobs: SIGTERM, and SIGKILL after `grace` seconds. Their data stays. */
  stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped>;

  /** Brings here what these jobs have left so far. Deletes nothing here. */
  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting): Promise<Collected>;

  /** Leaves no container, no process and no job folder of the deployment at these places. Releasing what is gone
   *  already is success. */
  release(live: LiveDeployment, places: ReadonlySet<string>): Promise<readonly PlaceProblem[]>;

  /** Speaks to one job of the deployment. */
  job(deployment: Deployment, run: string): JobAccess;

  /** What it needs of this computer. */
  readonly needs: ReadonlySet<Need>;

  /** What stands in the way of it, for `doctor`: what it needs beside `needs` and, if they are asked for, what its
   *  machines have and lack. Changes nothing there. */
  examine(
    asked: Pick<SurveyRequest, 'parameters' | 'hosts' | 'trust'>,
    machines: boolean,
  ): Promise<readonly Finding[]>;

  /** null: its places are not rented. */
  readonly rental: Rental | null;
}
