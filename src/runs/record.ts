import { type BaseImage, finalStates, type JobState, type RunState } from '../machines/job-state.js';
import type { Recipe } from '../recipe/recipe.js';
import type { DataSize } from './data-size.js';

/** The receipt of one run: the contents of run.json, described by record.schema.json beside this file. The run's
 * parameters.json is beside run.json. Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly schema: 2;
  /** Name of the run's folder; sorts by time. */
  readonly id: string;
  /** `experiment_name`. */
  readonly experiment: string;
  /** Id of the condition. */
  readonly condition: string;
  /** Id of its deployment; null for `run`. */
  readonly deployment: string | null;
  /** When the receipt was created. */
  readonly created: string;
  /** Name of the user who started the run. */
  readonly user: string;
  /** Why it was deployed, in the user's words; null, or missing in receipts of older builds: no message. */
  readonly message?: string | null;
  /** The run that it repeats, with or without changes. Missing: none. */
  readonly came_from?: CameFrom;
  /** Everything that went into the run. */
  readonly recipe: Recipe;
  /** `fingerprint(recipe)`, by the version that created the receipt. */
  readonly fingerprint: string;
  /** Name of the target. */
  readonly target: string;
  /** Absolute path of the run's folder on its machine; those of its source and data begin with it. */
  readonly folder: string;
  readonly machine: {
    readonly name: string;
    readonly cpus: number | null;
    readonly memory_bytes: number | null;
    readonly architecture: string | null;
  };
  /** The line that builds the image, from `recipe.source.root`. */
  readonly build_line: string;
  /** The line that started the container, without mode and GPUs. */
  readonly container_line: string;
  /** Versions of the programs that created the receipt. */
  readonly tools: Readonly<Record<'logistician' | 'node' | 'git', string>>;
  /** The engine on the machine, `process` if jobs do not run in containers; null: not known yet. */
  readonly engine: { readonly name: string; readonly version: string } | null;
  readonly image: {
    /** Id of the image that ran; null: not started yet, or no container. */
    readonly id: string | null;
    /** Its base images, as on the machine. */
    readonly base: readonly BaseImage[];
  };
  readonly state: RunState;
  /** Why it did not succeed; null: it did, or has not ended. */
  readonly reason: string | null;
  /** Exit code of the job; null: not ended, or never started. */
  readonly exit_code: number | null;
  /** When each state was entered. */
  readonly times: Readonly<Partial<Record<RunState, string>>>;
  /** When the container started and ended, by the engine's clock. */
  readonly started: string | null;
  readonly finished: string | null;
  /** The outcome for files that the job changed in its checkout: `copied`, `too-large`. */
  readonly kept: string | null;
  /** The slot of the machine; null for `run`. */
  readonly slot: string | null;
  /** The job's GPUs, as the value of `docker run --gpus`; null: none. */
  readonly gpus: string | null;
  /** Models of those GPUs. */
  readonly gpu_names: readonly string[];
  /** Version of the GPUs' driver; null: no GPU, or unknown. */
  readonly driver: string | null;
  /** The working tree's commit at the end of the run, if it had changed. */
  readonly edited_during_run: string | null;
  /** When it was completely collected from its machine; null: not yet, or it ran here. */
  readonly collected: string | null;
  /** The size of data/ at that time. */
  readonly collected_data: DataSize | null;
}

/** Why a run was made of another one. */
export interface CameFrom {
  /** `retry`: since that one had failed, was lost or was stopped. `rerun`: since a person named it. */
  readonly kind: 'rerun' | 'retry';
  /** Id of that run. */
  readonly run: string;
}

/** The record updated with the runner's state. */
export function withState(record: RunRecord, job: JobState): RunRecord {
  return {
    ...record,
    state: job.state,
    reason: job.reason,
    exit_code: job.exit_code,
    times: job.times,
    started: job.started,
    finished: job.finished,
    kept: job.kept,
    slot: job.slot,
    gpus: job.gpus,
    gpu_names: job.gpu_names ?? record.gpu_names,
    driver: job.driver ?? record.driver,
    engine: job.engine ?? record.engine,
    image: { id: job.image ?? record.image.id, base: job.base ?? record.image.base },
    // Other machines keep the name that the user gave them, which may differ from their host name.
    machine: { ...record.machine, name: record.target === 'local' ? job.machine : record.machine.name },
  };
}

/** Whether a runner has started on it, so that its job folder has data. */
export const hasBegun = ({ started, times }: Pick<RunRecord, 'started' | 'times'>): boolean =>
  started !== null || times.fetching !== undefined;

export const hasEnded = (record: { readonly state: RunState }): boolean => finalStates.has(record.state);
