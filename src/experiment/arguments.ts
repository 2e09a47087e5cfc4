import {
  compactJson,
  describe,
  type JsonDocument,
  type MemberNode,
  step,
  type ValueNode,
  wordOf,
} from './json-document.js';
import type { Report } from './problems.js';

/** How a key and its value become arguments. */
export type ArgumentStyle = '--key value' | '--key=value' | 'key=value';

/** A value that can be passed: words, `true` and `false` for a switch, null for an omitted argument. */
type Passable = string | readonly string[] | boolean | null;

/** A key of an object condition, or of a grid, with one value. */
export interface Argument {
  readonly key: string;
  readonly value: Passable;
  /** The value in the file, as compact JSON. */
  readonly json: string;
}

/** Reads a key with its value. A value that cannot be passed is reported, and null. */
export function readArgument(
  document: JsonDocument,
  name: { readonly key: string; readonly at: MemberNode['name'] },
  value: ValueNode,
  where: string,
  report: Report,
): Argument {
  if (name.key.trim() === '') report(name.at, where, 'has an empty name: name the argument.');
  return {
    key: name.key,
    value: passable(document, value, where, report),
    json: compactJson(document, value),
  };
}

function passable(document: JsonDocument, node: ValueNode, where: string, report: Report): Passable {
  switch (node.type) {
    case 'Object':
      report(node, where, 'is an object, and arguments do not nest: give each value a key of its own.');
      return null;
    case 'Array':
      return node.elements.map(({ value }, index) => readWord(document, value, step(where, index), report));
    case 'Boolean':
      return node.value;
    case 'Null':
      return null;
    default:
      return wordOf(document, node);
  }
}

/** Reads one word: a string as it is, a number with its source text, `true` and `false` as words. */
export function readWord(document: JsonDocument, node: ValueNode, where: string, report: Report): string {
  if (node.type === 'String' || node.type === 'Number' || node.type === 'Boolean')
    return wordOf(document, node);
  report(node, where, `expected a string, a number, true or false, got ${describe(document, node)}.`);
  return '';
}

/** A key as an option. A key with its own dashes (`-v`) keeps them. */
const option = (key: string): string => (key.startsWith('-') ? key : `--${key}`);

/** How each style writes a key with a switch, and a key with a word or a list of words. */
const STYLES: Record<
  ArgumentStyle,
  {
    on(key: string): string[];
    off(key: string): string[];
    word(key: string, word: string): string[];
    list(key: string, words: readonly string[]): string[];
  }
> = {
  '--key value': {
    on: (key) => [option(key)],
    off: () => [],
    word: (key, word) => [option(key), word],
    list: (key, words) => [option(key), ...words],
  },
  '--key=value': {
    on: (key) => [option(key)],
    off: () => [],
    word: (key, word) => [`${option(key)}=${word}`],
    list: (key, words) => words.map((word) => `${option(key)}=${word}`),
  },
  'key=value': {
    on: (key) => [`${key}=true`],
    off: (key) => [`${key}=false`],
    word: (key, word) => [`${key}=${word}`],
    list: (key, words) => [`${key}=[${words.join(',')}]`],
  },
};

/** The style of this name; the default for any other text, which the schema reports. */
export const styleNamed = (name = '--key value'): ArgumentStyle =>
  Object.keys(STYLES).find((style): style is ArgumentStyle => style === name) ?? '--key value';

/** The words of these arguments, in their order. */
export function argumentWords(list: readonly Argument[], style: ArgumentStyle): string[] {
  const { on, off, word, list: several } = STYLES[style];
  return list.flatMap(({ key, value }) => {
    if (value === null) return [];
    if (typeof value === 'boolean') return value ? on(key) : off(key);
    return typeof value === 'string' ? word(key, value) : several(key, value);
  });
}

/** The arguments as the JSON object in `CONFIGURATION_FILE`. */
export const argumentsJson = (list: readonly Argument[]): string =>
  `{${list.map(({ key, json }) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
