type Map = Readonly<Record<string, string>>;

const placeholder = /^kept:(\d+)$/;

/**
 * Takes texts past cdktf. It looks into every text and key for tokens of its own, several times, and makes objects
 * that lose a key named `__proto__`; what people wrote is to reach AWS byte for byte. So cdktf sees a placeholder, and
 * what it made gets the text back.
 */
export class Texts {
  readonly #texts: string[] = [];
  readonly #maps: Map[] = [];

  /** @returns what stands for the text until `putBack` */
  keep(text: string): string {
    return `kept:${this.#texts.push(text) - 1}`;
  }

  /** @returns what stands for all keys and values of the object until `putBack` */
  keepMap(map: Map): Record<string, string> {
    return { kept: `kept:${this.#maps.push(map) - 1}` };
  }

  /** The tree with the texts in it, as Terraform reads them, and without cdktf's notes to itself. */
  putBack(tree: unknown): unknown {
    if (typeof tree === 'string') return this.#text(tree);
    if (Array.isArray(tree)) return tree.map((item) => this.putBack(item));
    if (typeof tree !== 'object' || tree === null) return tree;
    if ('kept' in tree) return this.#map(String(tree.kept));
    return Object.fromEntries(
      Object.entries(tree)
        .filter(([key]) => key !== '//')
        .map(([key, value]) => [key, this.putBack(value)]),
    );
  }

  #text(word: string): string {
    const place = placeOf(word);
    return place === null ? word : literal(this.#texts[place] ?? '');
  }

  #map(word: string): Map {
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
