import { UserError } from '../errors.js';
import type { Executor } from '../shell/executor.js';
import type { Engine } from '../tools/docker/engine.js';
import { LocalTarget } from './local.js';
import type { Target } from './target.js';

export class TargetNotSupported extends UserError {
  constructor(name: string) {
    super(
      `The target "${name}" is not in this version of logistician: it runs conditions on this computer only.`,
      ['logistician deploy --target local'],
    );
  }
}

/** What every target may need of its surroundings. Paths are absolute. */
export interface Surroundings {
  readonly executor: Executor;
  readonly engine: Engine;
  /** The deployment's queue folder. */
  readonly queue: string;
  /** The experiment's folder runs/. */
  readonly runs: string;
  /** The runner.sh of this version. */
  readonly runner: string;
}

/** The target of that name. @throws TargetNotSupported */
export function targetNamed(name: string, { executor, engine, queue, runs, runner }: Surroundings): Target {
  if (name === 'local') return new LocalTarget(executor, engine, queue, runs, runner);
  throw new TargetNotSupported(name);
}
