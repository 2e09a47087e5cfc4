import { join } from 'node:path';
import type { Suggestion } from '../errors.js';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Step } from '../targets/target.js';
import type { SshPool } from '../tools/ssh/pool.js';

/** The notices of an operation to the user. They decide nothing. */
export interface Notify {
  /** A step that may take a while begins. */
  step(text: string): void;
  note(text: string): void;
  /** @param suggestions what to do about it */
  warn(text: string, suggestions?: readonly Suggestion[]): void;
  /** The launch step of a place. */
  place?(name: string, step: Step): void;
}

/** The context of every operation. */
export interface Session {
  readonly executor: Executor;
  readonly notify: Notify;
  /** Receives the output of programs that we run, such as a build. */
  readonly progress: Io;
  /** Connections to machines, closed when the command ends. */
  readonly ssh: SshPool;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** The folder of this package: templates/ is in it. */
  readonly packageRoot: string;
  readonly version: string;
  /** The user's home folder. */
  readonly home: string;
}

/** A script for machines, from this package: never one from a job folder. */
export const machineTemplate = ({ packageRoot }: Session, name: string): string =>
  join(packageRoot, 'templates', 'machine', name);
