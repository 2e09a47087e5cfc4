type TextMap = Readonly<Record<string, string>>;

const placeholder = /^kept:(\d+)$/;

/**
 * Takes texts past cdktf. It looks into every text and key for tokens of its own, several times, and makes objects
 * that lose a key named `__proto__`; what people wrote is to reach AWS byte for byte. So cdktf sees a placeholder, and
 * what it made gets the text back.
 */
export class Texts {
  readonly #texts: string[] = [];
  readonly #maps: TextMap[] = [];

  /** @returns what stands for the text until `putBack` */
  keep(text: string): string {
    return `kept:${this.#texts.push(text) - 1}`;
  }

  /** @returns what stands for all keys and values of the object until `putBack` */
  keepMap(map: TextMap): Record<string, string> {
    return { kept: `kept:${this.#maps.push(map) - 1}` };
  }

  /** The tree with the texts in it, as Terraform reads them, and without what cdktf notes at each resource. */
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

/** The text as a Terraform template that says just that. */
const literal = (text: string): string => text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
