import { finalStates, type JobState, type RunState } from '../machines/job-state.js';
import type { DataSize } from './data-size.js';

/** The receipt of one run, as run.json holds it; run.schema.json beside this file describes it.
 *  Times are ISO 8601 in UTC. */
export interface RunRecord {
  readonly schema: 1;
  readonly id: string;
  readonly experiment: string;
  /** The experiment's folder in its project; '' for the root. */
  readonly experiment_path: string;
  readonly deployment: string | null;
  /** Absolute path of the run's folder on its machine; those of its source and data begin with it. */
  readonly folder: string;
  readonly condition: string;
  readonly argv: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly source: {
    /** Absolute path of the project where the run was asked for. */
    readonly root: string;
    readonly commit: string;
    readonly tree: string;
    readonly branch: string | null;
    readonly remote: string | null;
    readonly pushed: boolean;
    /** The commit is one of ours under refs/logistician/. */
    readonly snapshot: boolean;
    /** The run saw the live working tree rather than a checkout. */
    readonly live: boolean;
    /** The live tree's commit when the run ended, if it was another by then. */
    readonly edited_during_run: string | null;
    readonly left_out: readonly string[];
  };
  readonly command: string | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly docker_run_args: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  readonly max_hours: number;
  /** parameters.json as it was, byte for byte. */
  readonly parameters_file: string;
  readonly image: {
    readonly tag: string;
    readonly context_tree: string;
    readonly dockerfile: string;
    /** The line that makes the image. */
    readonly build_line: string;
    readonly id: string | null;
    readonly base: readonly {
      readonly name: string;
      readonly id: string;
      readonly digests: readonly string[];
    }[];
  };
  /** The line that made the container. */
  readonly container_line: string;
  /** What a later deployment compares, to skip what has succeeded already. */
  readonly fingerprint: string;
  readonly target: string;
  readonly machine: {
    readonly name: string;
    readonly cpus: number | null;
    readonly memory_bytes: number | null;
    readonly architecture: string | null;
  };
  readonly slot: string | null;
  readonly gpus: string | null;
  readonly tools: Readonly<Record<'logistician' | 'node' | 'docker' | 'git', string>>;
  readonly user: string;
  readonly created: string;
  readonly state: RunState;
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly times: Readonly<Partial<Record<RunState, string>>>;
  readonly started: string | null;
  readonly finished: string | null;
  readonly kept: string | null;
  /** When all of it had been brought home from its machine; null for one that ran here. */
  readonly collected: string | null;
  /** What of data/ there was then. */
  readonly collected_data?: DataSize;
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
    image: { ...record.image, id: job.image ?? record.image.id },
    // Elsewhere a machine is called what the person calls it, which need not be what it calls itself.
    machine: { ...record.machine, name: record.target === 'local' ? job.machine : record.machine.name },
  };
}

export const hasEnded = (record: { readonly state: RunState }): boolean => finalStates.has(record.state);
