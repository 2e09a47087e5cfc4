import type { EngineFacts } from '../tools/docker/engine.js';
import type { User } from './user.js';

/** A computer as it was found. */
export interface MachineFacts {
  /** What a person calls it. */
  readonly name: string;
  /** Who runs jobs there. */
  readonly user: User;
  readonly engine: EngineFacts;
  /** Ids of the GPUs that Docker can hand out. */
  readonly gpus: readonly string[];
}
