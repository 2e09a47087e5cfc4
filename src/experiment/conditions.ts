import { type ArgumentStyle, argumentsJson, argumentWords, readArgument, readWord } from './arguments.js';
import { argvProblem } from './argv.js';
import { strangeBlank } from './command-check.js';
import { type Condition, conditionOf } from './condition.js';
import { gridCombinations } from './grid.js';
import { describe, type JsonDocument, keyOf, memberOf, step, type ValueNode } from './json-document.js';
import { ifSound, type Report } from './problems.js';
import { splitWords, UnbalancedQuote } from './words.js';

/** A condition and its origin in the file. */
interface Origin {
  readonly condition: Condition;
  readonly node: ValueNode;
  readonly where: string;
}

/** All conditions of a file: those of `experiment_conditions`, then those of `experiment_grid`, in their order. Invalid
 * conditions, arguments that cannot be passed, and duplicates are reported. */
export function readConditions(
  document: JsonDocument,
  style: ArgumentStyle,
  report: Report,
): readonly Condition[] {
  const origins = [...listed(document, style, report), ...gridded(document, style, report)];
  const firstById = new Map<string, Origin>();
  for (const origin of origins) {
    const { condition, node, where } = origin;
    const unpassable = argvProblem(condition.argv);
    if (unpassable) report(node, where, unpassable);
    const first = firstById.get(condition.id);
    if (first) report(node, where, alike(first, condition));
    else firstById.set(condition.id, origin);
  }
  return origins.map(({ condition }) => condition);
}

function alike(first: Origin, second: Condition): string {
  const other = `${first.where} (line ${first.node.loc.start.line})`;
  if (JSON.stringify(first.condition.argv) === JSON.stringify(second.argv)) {
    const words = second.options === '' ? 'none' : shorten(second.options);
    return `has the same arguments as ${other}: ${words}. Remove one of the two.`;
  }
  return `has the same id as ${other}, ${second.id}, though other arguments (a chance of one in 10^12): reword one of the two.`;
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

function listed(document: JsonDocument, style: ArgumentStyle, report: Report): readonly Origin[] {
  const where = 'experiment_conditions';
  const node = memberOf(document.root, where)?.value;
  if (node === undefined) return [];
  if (node.type !== 'Array') {
    report(
      node,
      where,
      `expected a list, such as ["--lr 0.1", "--lr 0.01"], got ${describe(document, node)}.`,
    );
    return [];
  }
  return node.elements.flatMap(({ value }, index) => {
    const here = step(where, index);
    const condition = ifSound(report, (noting) => readCondition(document, value, style, here, noting));
    return condition ? [{ condition, node: value, where: here }] : [];
  });
}

function readCondition(
  document: JsonDocument,
  node: ValueNode,
  style: ArgumentStyle,
  where: string,
  report: Report,
): Condition | undefined {
  switch (node.type) {
    case 'String':
      try {
        const blank = strangeBlank(node.value);
        if (blank) report(node, where, blank);
        return conditionOf(splitWords(node.value));
      } catch (error) {
        if (!(error instanceof UnbalancedQuote)) throw error;
        report(node, where, `${error.what}: fix it, or write the condition as a list of words.`);
        return undefined;
      }
    case 'Array':
      return conditionOf(
        node.elements.map(({ value }, index) => readWord(document, value, step(where, index), report)),
      );
    case 'Object': {
      const list = node.members.map((member) => {
        const key = keyOf(member);
        return readArgument(document, { key, at: member.name }, member.value, step(where, key), report);
      });
      return conditionOf(argumentWords(list, style), argumentsJson(list));
    }
    default: {
      const got = describe(document, node);
      report(node, where, `expected a string, a list of words or an object of arguments, got ${got}.`);
      return undefined;
    }
  }
}

function gridded(document: JsonDocument, style: ArgumentStyle, report: Report): readonly Origin[] {
  const where = 'experiment_grid';
  const node = memberOf(document.root, where)?.value;
  if (node === undefined) return [];
  const grids: { grid: ValueNode; here: string }[] =
    node.type === 'Array'
      ? node.elements.map(({ value }, index) => ({ grid: value, here: step(where, index) }))
      : [{ grid: node, here: where }];
  if (grids.length === 0) report(node, where, 'is empty: add an object of lists, or leave the key out.');
  return grids.flatMap(({ grid, here }) => {
    if (grid.type !== 'Object') {
      const got = describe(document, grid);
      report(grid, here, `expected an object of lists, such as {"lr": [0.1, 0.01]}, got ${got}.`);
      return [];
    }
    const combinations = ifSound(report, (noting) => gridCombinations(document, grid, here, noting)) ?? [];
    return combinations.map((list) => {
      const parameters = argumentsJson(list);
      return {
        condition: conditionOf(argumentWords(list, style), parameters),
        node: grid,
        where: `${here} ${parameters}`,
      };
    });
  });
}
