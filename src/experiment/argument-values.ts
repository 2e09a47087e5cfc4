import type { Condition } from './condition.js';
import { keyOf, readJsonObject, type ValueNode, wordOf } from './json-document.js';

/** The arguments of a condition by name, without leading dashes, each with its words as written. */
export type ArgumentValues = ReadonlyMap<string, readonly string[]>;

/** The arguments that a condition sets: by the keys of the file or, without keys, by the form of its words. A switch
 * that is on is `true`; words without a name before them are left out. */
export function argumentValues({ argv, parameters }: Pick<Condition, 'argv' | 'parameters'>): ArgumentValues {
  const values = new Map<string, readonly string[]>(fromWords(argv));
  for (const [name, words] of fromKeys(parameters)) values.set(name, words);
  return values;
}

const withoutDashes = (name: string): string => name.replace(/^-+/, '');

function fromKeys(parameters: string): [string, readonly string[]][] {
  if (parameters === '{}') return [];
  return plainKeys(parameters) ?? keysOf(parameters);
}

/** A quicker way, where each number is written as JSON writes it; null: it is not so. */
function plainKeys(parameters: string): [string, readonly string[]][] | null {
  let value: unknown;
  try {
    value = JSON.parse(parameters);
  } catch {
    return null;
  }
  const isPlain = typeof value === 'object' && value !== null && JSON.stringify(value) === parameters;
  if (!isPlain) return null;
  const wordIn = (one: unknown): string => (typeof one === 'string' ? one : JSON.stringify(one));
  return Object.entries(value as object).map(([key, one]) => [
    withoutDashes(key),
    Array.isArray(one) ? one.map(wordIn) : [wordIn(one)],
  ]);
}

function keysOf(parameters: string): [string, readonly string[]][] {
  const document = readJsonObject(parameters, '');
  const wordsOf = (node: ValueNode): string[] =>
    node.type === 'Array'
      ? node.elements.map(({ value }) => wordOf(document, value))
      : [wordOf(document, node)];
  return document.root.members.map((member) => [withoutDashes(keyOf(member)), wordsOf(member.value)]);
}

/** `--lr 0.1`, `--lr=0.1`, `lr=0.1` and `+lr=0.1` (Hydra's), `--layers 64 32`, `--adam`. */
function fromWords(argv: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let open: string | null = null;
  for (const word of argv) {
    const [, name, value] = /^(-{1,2}[^\s=]+|[+~]{0,2}[A-Za-z_][\w./-]*)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined) {
      values.set(name.replace(/^[-+~]+/, ''), [value ?? '']);
      open = null;
    } else if (/^-{1,2}[A-Za-z_]/.test(word)) {
      open = withoutDashes(word);
      values.set(open, []);
    } else if (open !== null) values.get(open)?.push(word);
  }
  for (const [name, words] of values) if (words.length === 0) values.set(name, ['true']);
  return values;
}
