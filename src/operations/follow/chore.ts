import type { ExperimentStatus } from '../look/rows.js';

/** Something that is done for a deployment while somebody follows it. A failure is told, and the chore tried again
 *  after a while. */
export interface Chore {
  /** Milliseconds between two tries. */
  readonly every: number;
  /** It takes long: the others go on meanwhile. Left out: false. */
  readonly background?: boolean;
  /** It needs the deployment's lock: it waits while another that has it runs in the background. Left out: false. */
  readonly locks?: boolean;
  due(now: ExperimentStatus): boolean;
  do(now: ExperimentStatus): Promise<void>;
}
