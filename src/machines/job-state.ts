/** The state of a run. */
export type RunState =
  | 'pending'
  | 'fetching'
  | 'building'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'lost';

export const finalStates: ReadonlySet<RunState> = new Set(['succeeded', 'failed', 'stopped', 'lost']);

/** The engine's name if jobs are plain processes without containers. */
export const noContainers = 'process';

/** A base image, as a machine has it. */
export interface BaseImage {
  /** Its name in the FROM line. */
  readonly name: string;
  /** `sha256:…` */
  readonly id: string;
  /** Its digests in registries; none for an image that was made here. */
  readonly digests: readonly string[];
}

/** state.json as the runner writes it. Times are ISO 8601 in UTC. */
export interface JobState {
  readonly run: string;
  readonly state: RunState;
  /** The reason of the state: exit, oom, fetch, build, secrets, start, deadline, reboot, container, runner, user. */
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly slot: string | null;
  readonly gpus: string | null;
  /** Name of its container; null: none. */
  readonly container: string | null;
  /** Id of the image that ran; null: none, or not yet. */
  readonly image: string | null;
  readonly machine: string;
  readonly boot: string;
  /** When the container started and ended, by Docker. */
  readonly started: string | null;
  readonly finished: string | null;
  /** The outcome for files that were changed in the checkout: `copied` to data/project, or `too-large`. */
  readonly kept: string | null;
  /** When each state was entered. */
  readonly times: Readonly<Partial<Record<RunState, string>>>;
  /** The engine. This and the following are missing if the runner could not find them out. */
  readonly engine?: { readonly name: string; readonly version: string };
  /** The base images of the job's image. */
  readonly base?: readonly BaseImage[];
  /** Models of the job's GPUs. */
  readonly gpu_names?: readonly string[];
  /** Version of the GPUs' driver; null: no GPU. */
  readonly driver?: string | null;
}

/** The end of a job's output. */
export interface LogEnd {
  readonly text: string;
  /** It is all of it. */
  readonly isWhole: boolean;
}

/** The runner's report of one job. */
export interface JobReport {
  readonly folder: string;
  /** null: the job is not delivered, or its state.json is invalid. */
  readonly state: JobState | null;
  /** Its folder does not exist there. Default: false. */
  readonly missing?: boolean;
  /** It is running, and its data folder here was removed: what it writes is lost. Default: false. */
  readonly dataGone?: boolean;
  /** Its runner is gone, and the job has not ended. */
  readonly orphan: boolean;
  /** It has not ended, and its disk is full: no job starts there. */
  readonly full: boolean;
  readonly lastLine: string;
  /** The end of its output, if it was asked for. */
  readonly output?: LogEnd;
  /** What "metrics" of parameters.json finds in it. Default: none. */
  readonly metrics?: Readonly<Record<string, unknown>>;
  /** The newest line of the newest series of measures. */
  readonly measure: Readonly<Record<string, unknown>> | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

/** The hold of a queue, which starts none of its waiting jobs until another `deploy`. */
export interface Hold {
  /** `start`: so many in a row could not be started. `failures`: the limit of failures is reached. */
  readonly why: 'start' | 'failures';
  readonly failures: number;
}

export interface QueueReport {
  /** null: it is not held. */
  readonly held: Hold | null;
  /** There are open jobs and no runner: it was killed, or the machine was restarted. */
  readonly stalled: boolean;
  readonly jobs: readonly JobReport[];
}
