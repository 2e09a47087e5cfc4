/** Puts whole lines of several outputs one below the other, each with its source in front. Bytes that are
 *  no UTF-8 stay what they are. */
export class PrefixedLines {
  readonly #rest = new Map<string, Buffer>();

  /** @param write takes whole lines. @param prefix what stands in front of a source's lines. */
  constructor(
    private readonly write: (chunk: Buffer) => void,
    private readonly prefix: (source: string) => string,
  ) {}

  receive(source: string, chunk: Buffer): void {
    const text = Buffer.concat([this.#rest.get(source) ?? Buffer.alloc(0), chunk]);
    const end = text.lastIndexOf(0x0a);
    this.#rest.set(source, text.subarray(end + 1));
    let from = 0;
    while (from <= end) {
      const stop = text.indexOf(0x0a, from) + 1;
      this.#line(source, text.subarray(from, stop));
      from = stop;
    }
  }

  /** Lines that never ended. */
  end(): void {
    for (const [source, rest] of this.#rest) {
      if (rest.length > 0) this.#line(source, Buffer.concat([rest, Buffer.from('\n')]));
    }
  }

  #line(source: string, line: Buffer): void {
    this.write(Buffer.concat([Buffer.from(this.prefix(source)), line]));
  }
}
