let atWork = 0;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does the work while signals that would end us only fire another: for work that has its own end to come to.
 *  @param firing those that fire it; the others of the three are passed over. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  firing: readonly NodeJS.Signals[] = signals,
): Promise<T> {
  const controller = new AbortController();
  const heard = (signal: NodeJS.Signals) => {
    if (firing.includes(signal)) controller.abort();
  };
  for (const signal of signals) process.on(signal, heard);
  atWork++;
  try {
    return await work(controller.signal);
  } finally {
    atWork--;
    for (const signal of signals) process.off(signal, heard);
  }
}

/** What has heard Ctrl-C too and does not end within so many milliseconds is not waited for. */
const patience = 2000;

/** Ctrl-C for all other work: the first one ends changes at work and lets none begin, so that the command comes to its
 *  end and takes back what it can; a second one, or the end of patience, leaves at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #giveUp: NodeJS.Timeout | undefined;
  #wasHeard = false;

  /** @param leave says how things stand, and ends the process */
  constructor(private readonly leave: () => never) {}

  /** Fires with the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether there was a Ctrl-C, be it one that interruptible work dealt with. */
  get wasHeard(): boolean {
    return this.#wasHeard;
  }

  listen(): void {
    process.on('SIGINT', this.#heard);
  }

  /** Leaves Ctrl-C to others again. */
  end(): void {
    clearTimeout(this.#giveUp);
    process.off('SIGINT', this.#heard);
  }

  readonly #heard = (): void => {
    this.#wasHeard = true;
    if (atWork > 0) return;
    if (this.signal.aborted) this.leave();
    this.#controller.abort();
    this.#giveUp = setTimeout(() => this.leave(), patience);
  };
}
