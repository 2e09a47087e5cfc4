import { type Argument, readArgument } from './arguments.js';
import {
  describe,
  type JsonDocument,
  keyOf,
  type MemberNode,
  type ObjectNode,
  step,
  type ValueNode,
  wordOf,
} from './json-document.js';
import type { Report } from './problems.js';

/** A larger grid is most likely a mistake, and would exhaust the memory. */
const MOST_COMBINATIONS = 100_000;

/** One way to set the arguments of a key, or of the keys that are zipped. */
type Choice = readonly Argument[];

/** All combinations of a grid: an object of lists makes their product, in which the last key varies fastest; a key such
 * as `"lr,batch"` takes rows, and its names change together. Invalid parts are reported. */
export function gridCombinations(
  document: JsonDocument,
  grid: ObjectNode,
  where: string,
  report: Report,
): readonly Choice[] {
  if (grid.members.length === 0) {
    report(grid, where, 'is empty: give each argument a list of its values, or leave the key out.');
    return [];
  }
  const axes = grid.members.map((member) => axisOf(document, member, step(where, keyOf(member)), report));
  reportRepeatedNames(grid, where, report);
  const count = axes.reduce((product, axis) => product * axis.length, 1);
  if (count > MOST_COMBINATIONS) {
    report(grid, where, `makes ${count} conditions; ${MOST_COMBINATIONS} are the most. Shorten its lists.`);
    return [];
  }
  return axes.reduce<Choice[]>(
    (combinations, axis) => combinations.flatMap((done) => axis.map((choice) => [...done, ...choice])),
    [[]],
  );
}

/** The names that a grid's key sets: one, or the several of a zip. */
const namesOf = (member: MemberNode): string[] =>
  isSeeds(member)
    ? ['seed']
    : keyOf(member)
        .split(',')
        .map((name) => name.trim());

/** `"seeds": 5`: the argument `seed` with 0 to 4. A list is an argument like others. */
const isSeeds = (member: MemberNode): boolean => keyOf(member) === 'seeds' && member.value.type === 'Number';

function seedsOf(
  document: JsonDocument,
  { value }: MemberNode,
  where: string,
  report: Report,
): readonly Choice[] {
  const count = Number(wordOf(document, value));
  if (Number.isInteger(count) && count >= 1 && count <= MOST_COMBINATIONS)
    return Array.from({ length: count }, (_, seed) => [
      { key: 'seed', value: String(seed), json: String(seed) },
    ]);
  report(
    value,
    where,
    `expected how many seeds, a whole number from 1 to ${MOST_COMBINATIONS}, got ${describe(document, value)}.`,
  );
  return [];
}

function axisOf(
  document: JsonDocument,
  member: MemberNode,
  where: string,
  report: Report,
): readonly Choice[] {
  if (isSeeds(member)) return seedsOf(document, member, where, report);
  const names = namesOf(member);
  const values = valuesOf(member.value);
  if (values.length === 0) {
    report(
      member.value,
      where,
      'is an empty list, which makes no conditions: add a value, or remove the key.',
    );
  }
  return values.map((value, index) => {
    const here = member.value.type === 'Array' ? step(where, index) : where;
    return names.length === 1 ? [single(member, value, here)] : row(value, here);
  });

  function single(of: MemberNode, value: ValueNode, here: string): Argument {
    return readArgument(document, { key: keyOf(of), at: of.name }, value, here, report);
  }

  function row(value: ValueNode, here: string): Choice {
    if (value.type !== 'Array' || value.elements.length !== names.length) {
      const got = value.type === 'Array' ? `${value.elements.length}` : describe(document, value);
      report(value, here, `expected a row of ${names.length} values, for ${names.join(', ')}, got ${got}.`);
      return [];
    }
    return value.elements.map((element, index) =>
      readArgument(
        document,
        { key: names[index] ?? '', at: member.name },
        element.value,
        step(here, index),
        report,
      ),
    );
  }
}

/** The values of a key: a lone one counts as a list of one. */
const valuesOf = (node: ValueNode): readonly ValueNode[] =>
  node.type === 'Array' ? node.elements.map(({ value }) => value) : [node];

function reportRepeatedNames(grid: ObjectNode, where: string, report: Report): void {
  const seen = new Map<string, string>();
  for (const member of grid.members) {
    for (const name of namesOf(member)) {
      const first = seen.get(name);
      // A duplicate key is reported elsewhere.
      if (first !== undefined && (first !== keyOf(member) || keyOf(member).includes(','))) {
        report(
          member.name,
          step(where, keyOf(member)),
          `sets ${name}, and so does ${JSON.stringify(first)}: keep one.`,
        );
      }
      seen.set(name, first ?? keyOf(member));
    }
  }
}
