/** Limits of a command: the answer of a machine or a program may never come, or never end. */
export interface Limits {
  /** Timeout in milliseconds; if output is passed on as it comes, the timeout without output. Infinity: none. */
  readonly timeoutMs?: number;
  /** The most bytes of captured output, of both streams together. Output that is passed on has no limit. */
  readonly maxBytes?: number;
}

/** The exceeded limit. */
export type Breach = 'timeout' | 'too-much';

const MiB = 2 ** 20;

/** The default for captured output. */
export const mostBytes = 16 * MiB;

/** For reads, which usually take a second. */
export const ofReads = { timeoutMs: 60_000, maxBytes: mostBytes } as const satisfies Limits;

/** For reads that may take long: a large repository, a remote state. */
export const ofLongReads = { timeoutMs: 1_800_000, maxBytes: 256 * MiB } as const satisfies Limits;

/** The exceeded limit, to follow "did not answer" or "sent". */
export const beyond = (breach: Breach, { timeoutMs, maxBytes }: Required<Limits>): string =>
  breach === 'timeout' ? `within ${timeoutMs / 1000} s` : `more than ${Math.round(maxBytes / MiB)} MiB`;

/** Takes the output of one command, and reports once when it exceeds a limit. */
export class Watch {
  readonly limits: Required<Limits>;
  #timer: NodeJS.Timeout | undefined;
  #kept = 0;
  #waiting = 0;
  #isOver = false;

  constructor(
    { timeoutMs = Number.POSITIVE_INFINITY, maxBytes = mostBytes }: Limits,
    private readonly broken: (breach: Breach) => void,
  ) {
    this.limits = { timeoutMs, maxBytes };
    this.#restart();
  }

  /** Passes output to the sink, or captures it; no more is read until a promise of the sink resolves.
   * @returns a function that returns the captured text at the end */
  take(stream: NodeJS.ReadableStream | null, sink?: (chunk: Buffer) => unknown): () => string {
    const chunks: Buffer[] = [];
    stream?.on('data', (chunk: Buffer) => {
      if (this.#isOver) return;
      if (!sink) return this.#keep(chunks, chunk);
      this.#restart();
      const taken = sink(chunk);
      if (taken instanceof Promise) this.#await(stream, taken);
    });
    return () => Buffer.concat(chunks).toString('utf8');
  }

  /** Stops taking output and checking limits. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #keep(chunks: Buffer[], chunk: Buffer): void {
    this.#kept += chunk.length;
    if (this.#kept > this.limits.maxBytes) this.#break('too-much');
    else chunks.push(chunk);
  }

  /** The time of a slow reader does not count for the timeout. */
  #await(stream: NodeJS.ReadableStream, taken: Promise<unknown>): void {
    stream.pause();
    this.#waiting++;
    clearTimeout(this.#timer);
    void taken.then(() => {
      this.#waiting--;
      stream.resume();
      this.#restart();
    });
  }

  #restart(): void {
    clearTimeout(this.#timer);
    const { timeoutMs } = this.limits;
    if (this.#isOver || this.#waiting > 0 || !Number.isFinite(timeoutMs)) return;
    this.#timer = setTimeout(() => this.#break('timeout'), timeoutMs);
  }

  #break(breach: Breach): void {
    this.end();
    this.broken(breach);
  }
}
