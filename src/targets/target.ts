import type { Suggestion, UserError } from '../errors.js';
import type { Parameters } from '../experiment/parameters.js';
import type { Host } from '../experiment/settings.js';
import type { Hold, JobReport } from '../machines/job-state.js';
import type { SourceNeeds } from '../machines/lacks.js';
import type { MachineFacts } from '../machines/machine-facts.js';
import type { Removal, Unneeded } from '../machines/unneeded.js';
import type { Recipe } from '../recipe/recipe.js';
import type { DeployedJob, Deployment, Place } from '../runs/deployment.js';
import type { LiveDeployment } from '../runs/deployment-store.js';
import type { Command } from '../shell/command.js';
import type { Io, Outcome } from '../shell/process.js';
import type { Secret } from '../shell/word.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import type { Checkout } from '../tools/git/check-out.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';

/** The problem of one place; it does not stop the others. */
export interface PlaceProblem {
  readonly place: string;
  readonly problem: UserError;
  /** Trying again would end the same way, until a setting or a permission is changed. Default: false. */
  readonly isFinal?: boolean;
}

/** The request for a survey of places where jobs could run. */
export interface SurveyRequest {
  readonly parameters: Parameters;
  /** Replaces `hosts` of the file; null: those of the file. */
  readonly hosts: readonly Host[] | null;
  /** Decides whether to trust a machine that is not in known_hosts. */
  readonly trust: Trust;
  /** Slots at each place; null: from its processors, memory and GPUs. */
  readonly slots: number | null;
  /** What it takes to check the source out. */
  readonly source: SourceNeeds;
  /** Ids of the conditions that will run, in their order. */
  readonly conditions: readonly string[];
  /** The deployment that they join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that are not delivered yet. */
  readonly undelivered: readonly DeployedJob[];
}

/** Machines of an experiment, without a deployment. */
export type MachinesAsked = Pick<SurveyRequest, 'parameters' | 'hosts' | 'trust'>;

export type Trust = (machine: string, key: HostKey) => Promise<boolean>;

/** Facts about a place for receipts. */
export interface PlaceFacts extends Partial<Pick<MachineFacts, 'user' | 'gpus'>> {
  /** The machine's name, for users. */
  readonly name: string;
  readonly engine: Pick<EngineFacts, 'cpus' | 'memory' | 'architecture'>;
}

/** A place that can run jobs, as found now. */
export interface Offer {
  /** Its record in the deployment. */
  readonly place: Place;
  readonly facts: PlaceFacts;
  /** Reserved for this condition; null: for any. */
  readonly only: string | null;
  /** Its line in the plan; null: name and slots are enough. */
  readonly text: string | null;
}

export interface Survey {
  readonly offers: readonly Offer[];
  /** Places that cannot be used now. */
  readonly problems: readonly PlaceProblem[];
  /** The docker command at its places; '': none is used. */
  readonly docker: string;
  /** So many rented places of the deployment may exist at a time, as far as their provider says. Default: any number. */
  readonly most?: number | null;
  /** Worth knowing before anything is created. Default: none. */
  readonly notes?: readonly string[];
}

/** Everything that all jobs of one launch share. */
export interface Bundle {
  /** The pinned commit, and its files on this computer. */
  readonly source: Checkout;
  /** Unique name of the project on machines that several users and computers share. */
  readonly projectKey: string;
  /** `build`: the image is built on the machine. `ssh`: it is built here and sent. */
  readonly transport: 'build' | 'ssh';
  /** Given to each job on its machine, in memory. */
  readonly secrets: readonly Secret[];
  readonly parameters: Parameters;
}

export interface LaunchedJob extends DeployedJob {
  readonly recipe: Recipe;
  /** Absolute path of a folder here, a copy of which is the job's /data/state when it begins; null: it starts with an
   * empty one. */
  readonly state: string | null;
}

/** The paths and the command of a run at its place. */
export interface PlacedRun {
  /** Its job folder: for the runner only, not mounted into containers. Absolute, as the next. */
  readonly folder: string;
  /** The folder that holds its data/ and source/. */
  readonly work: string;
  /** The command that starts it, as a user would type it there. */
  readonly line: string;
}

/** The end of a job that its runner can no longer report. */
export interface EndedJob {
  readonly state: 'failed' | 'lost';
  readonly reason: 'capacity' | 'spot' | 'deadline' | 'gone';
}

/** An unreachable place. */
export interface SilentPlace extends PlaceProblem {
  /** It is stopped with its disk kept, and can be started again. */
  readonly canStart: boolean;
}

export interface Look {
  /** Reports of the runners, by run id. A job that is not delivered is missing, or has no state. */
  readonly heard: ReadonlyMap<string, JobReport>;
  /** Jobs that have ended with their place, by run id. */
  readonly ended: ReadonlyMap<string, EndedJob>;
  readonly silent: readonly SilentPlace[];
  /** Places with open jobs and no runner: it was killed, or the machine restarted. */
  readonly stalled: ReadonlySet<string>;
  /** Held places, by name. Default: none. */
  readonly held?: ReadonlyMap<string, Hold>;
}

/** Jobs that could not be stopped, and why, by run id. */
export interface Stopped {
  readonly problems: readonly PlaceProblem[];
  readonly notEnded: ReadonlyMap<string, string>;
}

export interface CollectedJob extends DeployedJob {
  /** It has ended, so that its results are complete. */
  readonly whole: boolean;
  /** It has begun on a machine, which therefore has files of it. */
  readonly began: boolean;
}

export interface Collecting {
  /** Collects only this path below data/; null: all. */
  readonly only: string | null;
  /** Receives the progress of a place's copy: `42%`. */
  readonly progress: (place: string, text: string) => void;
}

export interface Collected {
  readonly problems: readonly PlaceProblem[];
  /** Runs whose data has completely arrived. */
  readonly arrived: ReadonlySet<string>;
  /** Runs whose results are lost: their place or their folder there is gone. */
  readonly lost: ReadonlySet<string>;
}

/** The launch step of a place. `refused`: no capacity. */
export type Step =
  | 'waiting'
  | 'making'
  | 'starting'
  | 'delivering'
  | 'delivered'
  | { readonly failed: string; readonly refused: boolean };

/** The result of one check. A `warning` prevents nothing. */
export interface Finding {
  readonly what: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly detail: string;
  /** Lines that fix it. */
  readonly mend: readonly Suggestion[];
}

/** Docker on this computer; ssh and rsync; the key pair that `setup` creates. */
export type Need = 'docker' | 'ssh' | 'key';

/** Access to one job. */
export interface JobAccess {
  /** Its output from byte `offset` on. With `follow`, until the job has ended. @throws Unreachable */
  log(offset: number, follow: boolean, io: Io): Promise<Outcome>;
  /** How many bytes of output it had written at that time, or before its last lines. */
  offset(from: { readonly since: Date } | { readonly tail: number }): Promise<number>;
  /** The command that opens its machine or, given its name, its container.
   * @param command to run there; empty: a shell
   * @throws UserError if there is none to open */
  enter(container: string | null, command: readonly string[], tty: boolean): Command;
}

/** A rented resource that no record on this computer names. */
export interface Leak {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly experiment: string;
  readonly deployment: string;
  /** Who created it: `user@computer`. */
  readonly by: string;
  /** Whether that is this user on this computer. */
  readonly isOurs: boolean;
  /** A description, for users. */
  readonly detail: string;
  /** The command that removes it by hand. */
  readonly remedy: string;
}

/** The part of a target that only targets with rented machines have. */
export interface Rental {
  /** How many machines may exist at a time, by the settings; null: any number. */
  mostMachines(parameters: Parameters): number | null;
  /** What would be created for the deployment, as the tool that creates it prints it. Creates nothing.
   * @param launching places that would be launched.
   * @param replaced those of them that replace others */
  preview(
    next: Deployment,
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
    parameters: Parameters,
  ): Promise<string>;
  /** Updates the SSH rule if this computer's address has changed.
   * @param parameters may name another address now; null: it cannot be read.
   * @returns whether the rule was updated */
  admit(live: LiveDeployment, parameters: Parameters | null): Promise<boolean>;
  /** Starts stopped machines, so that they are reachable.
   * @param parameters as for `admit`
   * @returns those that failed, and which of these are running (and cost money) all the same */
  start(
    live: LiveDeployment,
    places: ReadonlySet<string>,
    parameters: Parameters | null,
  ): Promise<readonly (PlaceProblem & { readonly isOn: boolean })[]>;
  /** Stops started machines. */
  stop(deployment: Deployment, places: ReadonlySet<string>): Promise<void>;
  /** @param region null: that of parameters.json, or of the environment; `all`: every region of the account */
  leaks(region: string | null, parameters: Parameters | null): Promise<readonly Leak[]>;
  endLeaks(leaks: readonly Leak[]): Promise<void>;
}

/** The part of a target that only targets with queues of ours have. */
export interface Holding {
  /** Lets held places continue, up to the deployment's `max_failures`. */
  resume(deployment: Deployment, places: ReadonlySet<string>): Promise<readonly PlaceProblem[]>;
  /** Holds the queues of these places after so many failures. */
  hold(
    deployment: Deployment,
    places: ReadonlySet<string>,
    failures: number,
  ): Promise<readonly PlaceProblem[]>;
}

/** What is left on a machine. */
export interface LeftOn extends Unneeded {
  /** The machine's name. */
  readonly place: string;
}

/** The part of a target whose machines keep sources, inputs and images when deployments end. */
export interface Cleaning {
  /** What these machines have and no deployment needs that is not terminated. Changes nothing there. */
  find(asked: MachinesAsked): Promise<{
    readonly left: readonly LeftOn[];
    readonly problems: readonly PlaceProblem[];
  }>;
  /** Removes what `find` has found there, where it is still unneeded.
   * @returns what became of the things, in their order, by machine */
  remove(
    docker: string,
    left: readonly LeftOn[],
  ): Promise<{
    readonly removals: ReadonlyMap<string, readonly Removal[]>;
    readonly problems: readonly PlaceProblem[];
  }>;
}

/** Where conditions run. Each verb may be repeated after a crash: it then does the rest. A problem at one place is
 * returned, and does not stop the others. Everything about a deployment comes from its record. */
export interface Target {
  readonly name: string;

  /** Interval of polls, in milliseconds. */
  readonly pace: number;

  /** The places that can run jobs, and their slots. Changes nothing there. */
  survey(asked: SurveyRequest): Promise<Survey>;

  /** The paths and the command of a run at a place, known before anything is sent, because receipts are written
   * first. */
  placed(deployment: Deployment, place: Place, run: string, recipe: Recipe, bundle: Bundle): PlacedRun;

  /** Delivers every job to its place and starts the queues. Delivered jobs are left alone. */
  launch(
    live: LiveDeployment,
    jobs: readonly LaunchedJob[],
    bundle: Bundle,
    io: Io,
  ): Promise<readonly PlaceProblem[]>;

  /** The present state of these runs. Changes nothing.
   * @param end how much of the end of each job's output is reported, in bytes, where this is not on this computer */
  look(deployment: Deployment, runs: ReadonlySet<string>, end: number): Promise<Look>;

  /** Restarts the queues of these places if their runners are gone. */
  revive(deployment: Deployment, places: ReadonlySet<string>): Promise<readonly PlaceProblem[]>;

  /** Stops jobs: SIGTERM, and SIGKILL after `grace` seconds. Their data stays. */
  stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped>;

  /** Collects the results of these jobs so far. Deletes nothing here. */
  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting): Promise<Collected>;

  /** Removes every container, process and job folder of the deployment at these places. It succeeds if they are gone
   * already. */
  release(live: LiveDeployment, places: ReadonlySet<string>): Promise<readonly PlaceProblem[]>;

  /** Access to one job of the deployment. */
  job(deployment: Deployment, run: string): JobAccess;

  /** What it needs on this computer. */
  readonly needs: ReadonlySet<Need>;

  /** The checks of `doctor`: what it needs beyond `needs` and, on request, what its machines have and lack. Changes
   * nothing there. */
  examine(asked: MachinesAsked, machines: boolean): Promise<readonly Finding[]>;

  /** null: it has no queues of ours. */
  readonly holding: Holding | null;

  /** null: its places are not rented. */
  readonly rental: Rental | null;

  /** Left out: its places keep nothing that has a name for it. */
  readonly cleaning?: Cleaning;
}
