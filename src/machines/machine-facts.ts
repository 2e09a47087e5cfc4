import type { EngineFacts } from '../tools/docker/engine.js';
import type { User } from './user.js';

/** Facts about a computer. */
export interface MachineFacts {
  /** Its name, for users. */
  readonly name: string;
  /** The user who runs jobs there. */
  readonly user: User;
  readonly engine: EngineFacts;
  /** Ids of the GPUs that Docker can use. */
  readonly gpus: readonly string[];
}
