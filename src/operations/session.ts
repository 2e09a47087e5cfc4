import { join } from 'node:path';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Step } from '../targets/target.js';
import type { SshPool } from '../tools/ssh/pool.js';

/** What an operation tells a person while it works. It decides nothing. */
export interface Notify {
  /** Something begins that may take a while. */
  step(text: string): void;
  note(text: string): void;
  warn(text: string): void;
  /** How far a place is that jobs are brought to. */
  place?(name: string, step: Step): void;
}

/** What every operation is given of its surroundings. */
export interface Session {
  readonly executor: Executor;
  readonly notify: Notify;
  /** Where the output of programs that we run goes, a build's for one. */
  readonly progress: Io;
  /** Connections to machines, which are closed at the end of all. */
  readonly ssh: SshPool;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  /** The folder of this package: templates/ is in it. */
  readonly packageRoot: string;
  readonly version: string;
  /** The user's home folder. */
  readonly home: string;
}

/** A script for machines, of this version: never one that lies beside a job. */
export const machineTemplate = ({ packageRoot }: Session, name: string): string =>
  join(packageRoot, 'templates', 'machine', name);
