import type { ErrorObject } from 'ajv';
import { nearest } from '../phrases.js';
import { mendExperimentName } from './experiment-name.js';
import {
  describe,
  type JsonDocument,
  keyOf,
  type MemberNode,
  memberOf,
  plain,
  step,
  type ValueNode,
} from './json-document.js';
import type { Report } from './problems.js';
import { validate } from './schema-validator.js';

/** These hold thousands of values, and are checked one by one as they are expanded. */
const EXPANDED: readonly string[] = ['experiment_conditions', 'experiment_grid'];

/** The settings of a file (all but its conditions) as plain values; those that the schema refuses are reported. */
export function readSettings(document: JsonDocument, report: Report): Record<string, unknown> {
  const members = document.root.members.filter((member) => !EXPANDED.includes(keyOf(member)));
  const settings = Object.fromEntries(members.map((member) => [keyOf(member), plain(member.value)]));
  if (!validate(settings)) {
    const told = new Set<string>();
    for (const error of validate.errors ?? []) {
      const { at, where, what } = explain(document, error);
      if (!told.has(where)) report(at, where, what);
      told.add(where);
    }
  }
  return settings;
}

interface Explanation {
  readonly at: ValueNode | MemberNode['name'];
  readonly where: string;
  readonly what: string;
}

/** The part of a schema that says what it wants. */
interface ParentSchema {
  readonly 'x-expected'?: string;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly propertyNames?: ParentSchema;
}

function explain(document: JsonDocument, error: ErrorObject): Explanation {
  const { node, where } = locate(document.root, error.instancePath);
  const wanted = (error.parentSchema ?? {}) as ParentSchema;
  const keyed = (key: string, what: string): Explanation => ({
    at: (node.type === 'Object' && memberOf(node, key)?.name) || node,
    where: step(where, key),
    what,
  });
  switch (error.keyword) {
    case 'required':
      return keyed(error.params.missingProperty, missing(error.params.missingProperty));
    case 'additionalProperties':
      return keyed(error.params.additionalProperty, unknown(error.params.additionalProperty, wanted, where));
    case 'propertyNames':
      return keyed(error.params.propertyName, badName(wanted.propertyNames ?? {}));
    default:
      // A name's own error comes before that of `propertyNames`, with the same sentence.
      if (error.propertyName !== undefined) return keyed(error.propertyName, badName(wanted));
      return { at: node, where, what: unexpected(document, node, wanted, where) };
  }
}

const missing = (key: string): string =>
  key === 'experiment_name' ? 'is missing: add "experiment_name": "a-name".' : `is missing: add "${key}".`;

function unknown(key: string, { properties = {} }: ParentSchema, where: string): string {
  const meant = nearest(key, Object.keys(properties));
  const comments = where === '' ? ' (Notes go in keys that end in _comment.)' : '';
  return `is no known key${meant === null ? '.' : `: did you mean ${meant}?`}${comments}`;
}

const badName = (wanted: ParentSchema): string => `is no fit name: expected ${wanted['x-expected']}.`;

function unexpected(document: JsonDocument, node: ValueNode, wanted: ParentSchema, where: string): string {
  const sentence = `expected ${expectation(wanted)}, got ${describe(document, node)}`;
  if (where === 'experiment_name' && node.type === 'String') {
    return `${sentence}: write "${mendExperimentName(node.value)}".`;
  }
  return `${sentence}.`;
}

const TYPES: Record<string, string> = {
  string: 'a string',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

function expectation(wanted: ParentSchema): string {
  if (wanted['x-expected']) return wanted['x-expected'];
  if (wanted.enum) {
    const options = wanted.enum.map((option) => JSON.stringify(option));
    return `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;
  }
  return [wanted.type]
    .flat()
    .map((type) => TYPES[type ?? ''] ?? type)
    .join(' or ');
}

/** The node that a JSON pointer names. */
function locate(root: ValueNode, pointer: string): { node: ValueNode; where: string } {
  let node = root;
  let where = '';
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const next =
      node.type === 'Array' ? node.elements[Number(key)] : node.type === 'Object' && memberOf(node, key);
    if (!next) break;
    where = step(where, node.type === 'Array' ? Number(key) : key);
    node = next.value;
  }
  return { node, where };
}
