/** A line longer than this many bytes is shown in pieces: a job may never print a line break. */
const longestLine = 1_000_000;

/** Assembles lines of several outputs from chunks, so that no two are mixed. Bytes that are not UTF-8 are unchanged. */
export class WholeLines {
  readonly #rest = new Map<string, Buffer>();

  /** @param show is given a source and a line of it, with its line break. */
  constructor(private readonly show: (source: string, line: Buffer) => void) {}

  receive(source: string, chunk: Buffer): void {
    const text = Buffer.concat([this.#rest.get(source) ?? Buffer.alloc(0), chunk]);
    const end = text.lastIndexOf(0x0a);
    let from = 0;
    while (from <= end) {
      const stop = text.indexOf(0x0a, from) + 1;
      this.show(source, text.subarray(from, stop));
      from = stop;
    }
    const rest = text.subarray(from);
    if (rest.length >= longestLine) this.show(source, Buffer.concat([rest, Buffer.from('\n')]));
    this.#rest.set(source, rest.length >= longestLine ? Buffer.alloc(0) : rest);
  }

  /** Shows the last lines, which have no line break. */
  end(): void {
    for (const [source, rest] of this.#rest) {
      if (rest.length > 0) this.show(source, Buffer.concat([rest, Buffer.from('\n')]));
    }
  }
}
