type TextMap = Readonly<Record<string, string>>;

const placeholder = /^kept:(\d+)$/;

/** Protects texts from cdktf, which searches every text and key for tokens of its own, and loses a key named
 * `__proto__`; users' texts must reach AWS byte for byte. cdktf gets a placeholder, which is replaced by the text in
 * its result. */
export class Texts {
  readonly #texts: string[] = [];
  readonly #maps: TextMap[] = [];

  /** @returns the placeholder of the text until `putBack` */
  keep(text: string): string {
    return `kept:${this.#texts.push(text) - 1}`;
  }

  /** @returns placeholders of all keys and values of the object until `putBack` */
  keepMap(map: TextMap): Record<string, string> {
    return { kept: `kept:${this.#maps.push(map) - 1}` };
  }

  /** The tree with its texts restored and escaped for Terraform, without cdktf's metadata. */
  putBack(tree: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(tree)
        .filter(([key]) => key !== '//')
        .map(([key, value]) => [key, this.#value(value)]),
    );
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.#value(item));
    if (typeof value !== 'object' || value === null) return value;
    return 'kept' in value ? this.#map(String(value.kept)) : this.putBack(value as Record<string, unknown>);
  }

  #text(word: string): string {
    const place = placeOf(word);
    return place === null ? word : literal(this.#texts[place] ?? '');
  }

  #map(word: string): TextMap {
    const map = this.#maps[placeOf(word) ?? -1] ?? {};
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [literal(key), literal(value)]));
  }
}

function placeOf(word: string): number | null {
  const place = placeholder.exec(word)?.[1];
  return place === undefined ? null : Number(place);
}

/** The text escaped as a Terraform template. */
const literal = (text: string): string => text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
