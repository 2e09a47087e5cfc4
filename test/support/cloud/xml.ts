/** An element of an XML answer of AWS's, which has neither attributes nor mixed content that matters. */
export class Xml {
  readonly children: Xml[] = [];
  text = '';

  constructor(readonly name: string) {}

  static parse(source: string): Xml {
    const root = new Xml('');
    const open = [root];
    for (const [, closing, name, empty, text] of source.matchAll(
      /<(\/?)([\w:.-]+)[^<>]*?(\/?)>|<[?!][^<>]*>|([^<]+)/g,
    )) {
      const current = open.at(-1) ?? root;
      if (text !== undefined) current.text += unescaped(text);
      else if (name === undefined) continue;
      else if (closing) open.pop();
      else {
        const child = new Xml(name);
        current.children.push(child);
        if (!empty) open.push(child);
      }
    }
    return root.children[0] ?? root;
  }

  /** The elements at a path such as `instancesSet/item`. */
  all(path: string): Xml[] {
    return path
      .split('/')
      .reduce<Xml[]>(
        (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
        [this],
      );
  }

  /** The text of the first element at a path; empty if there is none. */
  get(path: string): string {
    return this.all(path)[0]?.text.trim() ?? '';
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) return entities[name] ?? whole;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });

export const escaped = (text: string): string =>
  text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
