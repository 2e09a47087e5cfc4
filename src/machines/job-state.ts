/** How far a run is. */
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

/** The engine's name where jobs are plain processes, without any container or image. */
export const noContainers = 'process';

/** An image that another one is built on, as a machine has it. */
export interface BaseImage {
  /** As in the FROM line. */
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
  /** Why it is so: exit, oom, fetch, build, secrets, start, deadline, reboot, container, runner, user. */
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly slot: string | null;
  readonly gpus: string | null;
  /** Name of its container; null: it runs in none. */
  readonly container: string | null;
  /** Id of the image that ran; null: none has, or not yet. */
  readonly image: string | null;
  readonly machine: string;
  readonly boot: string;
  /** When the container started and ended, by Docker. */
  readonly started: string | null;
  readonly finished: string | null;
  /** What became of files changed in the checkout: `copied` to data/project, or `too-large`. */
  readonly kept: string | null;
  /** When each state was entered. */
  readonly times: Readonly<Partial<Record<RunState, string>>>;
  /** What runs jobs there. This and what follows: missing, where the runner has not found it out. */
  readonly engine?: { readonly name: string; readonly version: string };
  /** The images that the job's image was built on. */
  readonly base?: readonly BaseImage[];
  /** Models of the job's GPUs. */
  readonly gpu_names?: readonly string[];
  /** Version of the GPUs' driver; null: no GPU. */
  readonly driver?: string | null;
}

/** What the runner says of one job. */
export interface JobReport {
  readonly folder: string;
  /** null: the job has not arrived on the machine, or what its state.json says makes no sense. */
  readonly state: JobState | null;
  /** Its folder does not exist there. Left out: it does. */
  readonly missing?: boolean;
  /** Its runner is gone while the job is not at its end. */
  readonly orphan: boolean;
  /** It has yet to end, and its disk is full: nothing new starts there. */
  readonly full: boolean;
  readonly lastLine: string;
  /** The newest line of the newest series of measures. */
  readonly measure: Readonly<Record<string, unknown>> | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

export interface QueueReport {
  /** There is work and no runner at it: it was killed, or the machine was restarted. */
  readonly stalled: boolean;
  readonly jobs: readonly JobReport[];
}
