import { type BaseImage, finalStates, type JobState, type RunState } from '../machines/job-state.js';
import type { Recipe } from '../recipe/recipe.js';
import type { DataSize } from './data-size.js';

/** The receipt of one run, as run.json holds it; record.schema.json beside this file describes it. The run's
 *  parameters.json lies beside run.json. Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly schema: 2;
  /** Name of the run's folder; sorts by time. */
  readonly id: string;
  /** `experiment_name`. */
  readonly experiment: string;
  /** Id of the condition. */
  readonly condition: string;
  /** Id of the deployment that it is part of; null for `run`. */
  readonly deployment: string | null;
  /** When the receipt was made. */
  readonly created: string;
  /** Name of the user who asked for the run. */
  readonly user: string;
  /** What went into the run. */
  readonly recipe: Recipe;
  /** `fingerprint(recipe)`, by the version that made the receipt. */
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
  /** The line that makes the image, from `recipe.source.root`. */
  readonly build_line: string;
  /** The line that made the container, less mode and GPUs. */
  readonly container_line: string;
  /** Versions of the programs that made the receipt. */
  readonly tools: Readonly<Record<'logistician' | 'node' | 'git', string>>;
  /** What runs jobs on the machine, `process` where they run in no container; null: not known yet. */
  readonly engine: { readonly name: string; readonly version: string } | null;
  readonly image: {
    /** Id of the image that ran; null: the run did not get so far, or was in no container. */
    readonly id: string | null;
    /** The images that it was built on, as the machine had them. */
    readonly base: readonly BaseImage[];
  };
  readonly state: RunState;
  /** Why it did not succeed; null: it did, or it has not ended. */
  readonly reason: string | null;
  /** Exit code of the job; null: none yet, or it never began. */
  readonly exit_code: number | null;
  /** When each state was entered. */
  readonly times: Readonly<Partial<Record<RunState, string>>>;
  /** When the container started and ended, by the engine's clock. */
  readonly started: string | null;
  readonly finished: string | null;
  /** What became of files that the job changed in its checkout: `copied`, `too-large`. */
  readonly kept: string | null;
  /** The slot of the machine; null for `run`. */
  readonly slot: string | null;
  /** The GPUs that the job was given, as `docker run --gpus` takes them; null: none. */
  readonly gpus: string | null;
  /** Models of those GPUs. */
  readonly gpu_names: readonly string[];
  /** Version of the GPUs' driver; null: no GPU, or not known. */
  readonly driver: string | null;
  /** The live tree's commit when the run ended, if it was another by then. */
  readonly edited_during_run: string | null;
  /** When all of it had been brought home from its machine; null for one that ran here, and until then. */
  readonly collected: string | null;
  /** What of data/ there was then. */
  readonly collected_data: DataSize | null;
}

/** The record with what the runner has written since. */
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
    // Elsewhere a machine is called what the person calls it, which need not be what it calls itself.
    machine: { ...record.machine, name: record.target === 'local' ? job.machine : record.machine.name },
  };
}

/** A runner has worked on it, and its job folder was written to. */
export const hasBegun = ({ started, times }: Pick<RunRecord, 'started' | 'times'>): boolean =>
  started !== null || times.fetching !== undefined;

export const hasEnded = (record: { readonly state: RunState }): boolean => finalStates.has(record.state);
