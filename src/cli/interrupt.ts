import { setMaxListeners } from 'node:events';

let running = 0;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does work that must end by itself: meanwhile the signals that would end us abort `stop` instead.
 * @param firing the signals that abort it; the others of the three are ignored. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  firing: readonly NodeJS.Signals[] = signals,
): Promise<T> {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const heard = (signal: NodeJS.Signals) => {
    if (firing.includes(signal)) controller.abort();
  };
  for (const signal of signals) process.on(signal, heard);
  running++;
  try {
    return await work(controller.signal);
  } finally {
    running--;
    for (const signal of signals) process.off(signal, heard);
  }
}

/** How long we wait, in milliseconds, for a child that got Ctrl-C too. */
const patience = 2000;

/** Ctrl-C for all other work: the first one aborts running changes and prevents new ones, so that the command can end
 * and roll back what it can; a second one, or the timeout, exits at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #giveUp: NodeJS.Timeout | undefined;
  #wasHeard = false;

  /** @param leave prints the state and ends the process */
  constructor(private readonly leave: () => never) {
    // Each running change listens, and there may be one on each of many machines.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Fires with the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether there was a Ctrl-C, also one that `interruptible` handled. */
  get wasHeard(): boolean {
    return this.#wasHeard;
  }

  listen(): void {
    process.on('SIGINT', this.#heard);
  }

  /** Stops handling Ctrl-C. */
  end(): void {
    clearTimeout(this.#giveUp);
    process.off('SIGINT', this.#heard);
  }

  readonly #heard = (): void => {
    this.#wasHeard = true;
    if (running > 0) return;
    if (this.signal.aborted) this.leave();
    this.#controller.abort();
    this.#giveUp = setTimeout(() => this.leave(), patience);
  };
}
