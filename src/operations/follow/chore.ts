import type { ExperimentStatus } from '../look/rows.js';

/** Background work for a deployment that a command follows. A failure is reported, and retried after a pause. */
export interface Chore {
  /** Milliseconds between two tries. */
  readonly every: number;
  /** It takes long: the others continue meanwhile. Default: false. */
  readonly background?: boolean;
  /** It needs the deployment's lock: it waits while another chore holds it in the background. Default: false. */
  readonly locks?: boolean;
  due(now: ExperimentStatus): boolean;
  do(now: ExperimentStatus): Promise<void>;
  /** Why nothing more happens with the jobs that are left, unless the user does something; null: it may. Default: null. */
  givenUp?(now: ExperimentStatus): string | null;
}
