import { wordProblem } from './argv.js';
import { commandProblem } from './command-check.js';
import { dockerArgProblems } from './docker-args-check.js';
import {
  describe,
  type JsonDocument,
  keyOf,
  type MemberNode,
  memberOf,
  step,
  type ValueNode,
} from './json-document.js';
import schema from './parameters.schema.json' with { type: 'json' };
import type { Report } from './problems.js';

/** Variables that Logistician sets for the job. */
const RESERVED = /^(?:OPTIONS|CONFIGURATION_FILE|HOME|USER|LOGNAME|LOGISTICIAN_.*)$/;

/** Reports problems of valid settings that a schema cannot express. */
export function reportContradictions(
  document: JsonDocument,
  targets: readonly string[],
  report: Report,
): void {
  const setting = (key: string) => memberOf(document.root, key)?.value;
  reportTarget(document, setting('target'), targets, report);
  reportHosts(setting('target'), setting('hosts'), report);
  reportVariables(setting('environment'), setting('secrets'), report);
  reportMeasures(document, report);
  const command = setting('experiment_command');
  const misplaced =
    command?.type === 'String' && /\S/.test(command.value) ? commandProblem(command.value) : null;
  if (command && misplaced) report(command, 'experiment_command', misplaced);
  reportDockerArgs(setting('docker_run_args'), setting('gpus'), report);

  const price = memberOf(document.root, 'aws_max_price');
  const spot = setting('aws_spot');
  if (price && !(spot?.type === 'Boolean' && spot.value)) {
    report(price.name, 'aws_max_price', 'is for spot instances alone: add "aws_spot": true, or remove it.');
  }
  for (const key of ['experiment_command', 'docker_run_args', 'environment', 'inputs']) {
    reportUnpassable(setting(key), key, report);
  }
}

function reportMeasures({ root }: JsonDocument, report: Report): void {
  const goal = memberOf(root, 'goal');
  if (goal && !memberOf(root, 'objective'))
    report(goal.name, 'goal', 'is that of "objective": add the name of a measure, or remove it.');
  for (const { key, value } of named(memberOf(root, 'metrics')?.value)) {
    if (value.type !== 'String') continue;
    const problem = patternProblem(value.value);
    if (problem !== null) report(value, step('metrics', key), `is no regular expression: ${problem}.`);
  }
}

function patternProblem(text: string): string | null {
  try {
    new RegExp(text, 'u');
    return null;
  } catch (error) {
    return String((error as Error).message).replace(/^.*: /, '');
  }
}

function reportTarget(
  document: JsonDocument,
  target: ValueNode | undefined,
  targets: readonly string[],
  report: Report,
): void {
  if (target?.type !== 'String' || targets.includes(target.value) || !isName.test(target.value)) return;
  const names = targets.map((name) => JSON.stringify(name));
  const expected = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  report(target, 'target', `expected ${expected}, got ${describe(document, target)}.`);
}

/** The schema refuses invalid names. */
const isName = new RegExp(schema.properties.target.pattern);

function reportHosts(target: ValueNode | undefined, hosts: ValueNode | undefined, report: Report): void {
  if (target?.type === 'String' && target.value === 'hosts' && hosts === undefined) {
    report(target, 'target', 'is hosts, and there are none: add "hosts": ["user@machine"].');
  }
  reportRepeated(
    items(hosts).map((host) => (host.type === 'Object' && memberOf(host, 'address')?.value) || host),
  );

  function reportRepeated(addresses: readonly ValueNode[]): void {
    const first = new Map<string, number>();
    addresses.forEach((address, index) => {
      if (address.type !== 'String') return;
      const other = first.get(address.value);
      if (other === undefined) first.set(address.value, index);
      else {
        const what = `is the same machine as hosts[${other}]: give that one more slots instead.`;
        report(address, step('hosts', index), what);
      }
    });
  }
}

function reportVariables(
  environment: ValueNode | undefined,
  secrets: ValueNode | undefined,
  report: Report,
): void {
  const first = new Map<string, string>();
  const claim = (name: string, at: ValueNode | MemberNode['name'], where: string) => {
    if (RESERVED.test(name)) report(at, where, `names ${name}, which Logistician sets: choose another name.`);
    const other = first.get(name);
    // A duplicate key in one object is reported elsewhere.
    if (other === undefined) first.set(name, where);
    else if (other !== where) report(at, where, `sets ${name}, and so does ${other}: keep one.`);
  };
  for (const { key, name } of named(environment)) claim(key, name, step('environment', key));
  items(secrets).forEach((secret, index) => {
    if (secret.type === 'String') claim(secret.value, secret, step('secrets', index));
  });
}

function reportDockerArgs(args: ValueNode | undefined, gpus: ValueNode | undefined, report: Report): void {
  const nodes = items(args);
  const words = nodes.flatMap((node) => (node.type === 'String' ? [node.value] : []));
  // Non-words are reported already, and the others cannot be judged without them.
  if (words.length < nodes.length) return;
  const leavesGpus =
    (gpus?.type === 'String' && gpus.value === 'none') || (gpus?.type === 'Number' && gpus.value === 0);
  for (const { place, what } of dockerArgProblems(words, { leavesGpus })) {
    const node = nodes[place];
    if (node) report(node, step('docker_run_args', place), what);
  }
}

/** Reports every text that cannot be an argument or an environment variable. */
function reportUnpassable(node: ValueNode | undefined, where: string, report: Report): void {
  if (node?.type === 'String') {
    const problem = wordProblem(node.value);
    if (problem) report(node, where, problem);
  }
  items(node).forEach((item, index) => {
    reportUnpassable(item, step(where, index), report);
  });
  for (const { key, value } of named(node)) reportUnpassable(value, step(where, key), report);
}

const items = (node: ValueNode | undefined): readonly ValueNode[] =>
  node?.type === 'Array' ? node.elements.map(({ value }) => value) : [];

const named = (node: ValueNode | undefined) =>
  node?.type === 'Object'
    ? node.members.map((member) => ({ key: keyOf(member), name: member.name, value: member.value }))
    : [];
