import {
  evaluate,
  type MemberNode,
  type ObjectNode,
  parse,
  type StringNode,
  type ValueNode,
} from '@humanwhocodes/momoa';
import { brokenString, syntaxProblem } from './json-syntax.js';
import { InvalidParameters, type Located, type Report } from './problems.js';

export type { MemberNode, ObjectNode, ValueNode } from '@humanwhocodes/momoa';

/** A JSON object with its source: each node knows its line, and each number the digits that it was written with. */
export interface JsonDocument {
  /** The parsed text, without a byte order mark, which editors hide and JSON forbids. */
  readonly text: string;
  readonly root: ObjectNode;
}

/**
 * Reads strict JSON (no comments, no trailing commas) whose outermost value is an object.
 *
 * @throws InvalidParameters with the position at which the text stops being JSON */
export function readJsonObject(source: string, path: string): JsonDocument {
  const text = source.replace(/^\uFEFF/, '');
  const fail = (offset: number, what: string) =>
    new InvalidParameters(path, [{ ...placeAt(text, offset), where: '', what }]);
  if (text.trim() === '') throw fail(0, 'The file is empty: at the least it holds {"experiment_name": "…"}.');

  const broken = brokenString(text);
  const root = parseOrOffset(text, fail);
  if (broken !== undefined && !(typeof root === 'number' && root < broken)) {
    throw fail(
      broken,
      'This string is not closed on its line: add the closing ", or write a line break as \\n.',
    );
  }
  if (typeof root === 'number') {
    const { offset, what } = syntaxProblem(text, root);
    throw fail(offset, what);
  }
  if (root.type !== 'Object') {
    throw fail(root.loc.start.offset, `Expected an object in { }, got ${describe({ text }, root)}.`);
  }
  return { text, root };
}

/** The value, or the offset at which the text stops being JSON. */
function parseOrOffset(text: string, fail: (offset: number, what: string) => Error): ValueNode | number {
  try {
    return parse(text, { mode: 'json' }).body;
  } catch (error) {
    if (error instanceof Error && 'offset' in error && typeof error.offset === 'number') return error.offset;
    // The parser is recursive.
    if (error instanceof RangeError) throw fail(0, 'Its lists and objects are nested too deeply to be read.');
    throw error;
  }
}

function placeAt(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The name of a member. In strict JSON it is always a string, never an identifier. */
export const keyOf = (member: MemberNode): string => (member.name as StringNode).value;

export const memberOf = (object: ObjectNode, key: string): MemberNode | undefined =>
  object.members.findLast((member) => keyOf(member) === key);

/** The value in JavaScript; numbers become doubles. */
export const plain = (node: ValueNode): unknown => evaluate(node);

/** A string's characters; a number, true, false or null as they stand in the file. */
export const wordOf = (document: Pick<JsonDocument, 'text'>, node: ValueNode): string =>
  node.type === 'String' ? node.value : sourceOf(document, node);

/** The value as compact JSON in which numbers keep their source text. */
export function compactJson(document: JsonDocument, node: ValueNode): string {
  switch (node.type) {
    case 'Array':
      return `[${node.elements.map(({ value }) => compactJson(document, value)).join(',')}]`;
    case 'Object':
      return `{${node.members
        .map((member) => `${JSON.stringify(keyOf(member))}:${compactJson(document, member.value)}`)
        .join(',')}}`;
    case 'String':
      return JSON.stringify(node.value);
    default:
      return sourceOf(document, node);
  }
}

/** Describes a value for an error message; long ones are cut. */
export function describe(document: Pick<JsonDocument, 'text'>, node: ValueNode): string {
  if (node.type === 'Object') return 'an object';
  if (node.type === 'Array') return node.elements.length === 0 ? 'an empty list' : 'a list';
  const source = sourceOf(document, node);
  const shown = source.length > 60 ? `${source.slice(0, 57)}…` : source;
  return node.type === 'Number' ? `the number ${shown}` : shown;
}

function sourceOf(document: Pick<JsonDocument, 'text'>, node: ValueNode): string {
  return document.text.slice(node.loc.start.offset, node.loc.end.offset);
}

/** Adds a key or an index to a path as jq writes it: `a`, `a.b`, `a[0]`, `a["odd key"]`. */
export function step(where: string, to: string | number): string {
  if (typeof to === 'number') return `${where}[${to}]`;
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(to)) return `${where}[${JSON.stringify(to)}]`;
  return where === '' ? to : `${where}.${to}`;
}

/** Reports each key that an object has twice: JSON readers keep one of them silently, and not all the same one. */
export function reportDuplicateKeys(node: ValueNode, report: Report, where = ''): void {
  if (node.type === 'Array') {
    node.elements.forEach(({ value }, index) => {
      reportDuplicateKeys(value, report, step(where, index));
    });
  }
  if (node.type !== 'Object') return;
  const seen = new Map<string, Located>();
  for (const member of node.members) {
    const key = keyOf(member);
    const here = step(where, key);
    const first = seen.get(key);
    if (first)
      report(member.name, here, `is there twice, first in line ${first.loc.start.line}: remove one.`);
    seen.set(key, first ?? member.name);
    reportDuplicateKeys(member.value, report, here);
  }
}
