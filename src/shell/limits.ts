/** What a command may take. What others answer, a machine or a program, may never come, or never end. */
export interface Limits {
  /** Milliseconds that it may take; where its output is handed on as it comes: that it may be silent. Infinity: no end. */
  readonly timeoutMs?: number;
  /** Bytes of output that are kept, of both streams together. What is handed on has no limit. */
  readonly maxBytes?: number;
}

/** Which limit was broken. */
export type Breach = 'timeout' | 'too-much';

const MiB = 2 ** 20;

/** For any command: nothing that we keep has more. */
export const mostBytes = 16 * MiB;

/** For reads, which take a second as a rule. */
export const ofReads = { timeoutMs: 60_000, maxBytes: mostBytes } as const satisfies Limits;

/** For reads of the user's own that are work: a large repository, a state that is kept far away. */
export const ofLongReads = { timeoutMs: 1_800_000, maxBytes: 256 * MiB } as const satisfies Limits;

/** The limit that was broken, behind "did not answer" and "sent". */
export const beyond = (breach: Breach, { timeoutMs, maxBytes }: Required<Limits>): string =>
  breach === 'timeout' ? `within ${timeoutMs / 1000} s` : `more than ${Math.round(maxBytes / MiB)} MiB`;

/** Takes the output of one command, and says once when it breaks a limit. */
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

  /** Hands what comes to the sink, or keeps it; no more comes before a promise of the sink's is kept.
   *  @returns what was kept, once all has come */
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

  /** From now on nothing is taken, and no limit broken. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #keep(chunks: Buffer[], chunk: Buffer): void {
    this.#kept += chunk.length;
    if (this.#kept > this.limits.maxBytes) this.#break('too-much');
    else chunks.push(chunk);
  }

  /** The time that a reader takes is not the command's. */
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
