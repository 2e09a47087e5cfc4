import { UserError } from '../errors.js';
import {
  type Argument,
  type ArgumentStyle,
  argumentsJson,
  argumentWords,
  readArgument,
} from './arguments.js';
import { argvProblem } from './argv.js';
import { type Condition, conditionOf } from './condition.js';
import { type JsonDocument, keyOf, readJsonObject, reportDuplicateKeys } from './json-document.js';
import { InvalidParameters, type Problem, type Report } from './problems.js';

/** `--set` without a name and a value. */
class WrongSetting extends UserError {
  constructor(text: string) {
    super(`"${text}" is not a name, "=" and a value.`, ['logistician rerun last --set lr=0.1'], { exit: 2 });
  }
}

/** The argument that `--set NAME=VALUE` sets: the value as JSON (`0.1`, `true`, `[64, 32]`), or else as a word; nothing
 * behind the `=` is the empty word, and `null` takes the argument away. @throws WrongSetting */
export function settingOf(text: string): Argument {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key.trim() === '') throw new WrongSetting(text);
  const [argument] = argumentsIn(
    `{${JSON.stringify(key)}:${isJson(value) ? value : JSON.stringify(value)}}`,
    '--set',
  );
  if (!argument) throw new WrongSetting(text);
  return argument;
}

/** An object of its own would be refused: then it is a word. */
function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== 'object' || value === null || Array.isArray(value);
  } catch {
    return false;
  }
}

/** The arguments of a JSON object, in its order. @param path of its file, for messages. @throws InvalidParameters */
export function argumentsIn(text: string, path: string): Argument[] {
  const document: JsonDocument = readJsonObject(text, path);
  const problems: Problem[] = [];
  const report: Report = ({ loc: { start } }, where, what) =>
    problems.push({ line: start.line, column: start.column, where, what });
  reportDuplicateKeys(document.root, report);
  const found = document.root.members.map((member) => {
    const key = keyOf(member);
    return readArgument(document, { key, at: member.name }, member.value, key, report);
  });
  if (problems.length > 0) throw new InvalidParameters(path, problems);
  return found;
}

/** The condition of these arguments. @throws UserError where Linux takes no such arguments */
export function conditionFromArguments(list: readonly Argument[], style: ArgumentStyle): Condition {
  const argv = argumentWords(list, style);
  const problem = argvProblem(argv);
  if (problem) throw new UserError(`The list of arguments ${problem}`);
  return conditionOf(argv, argumentsJson(list));
}

const bare = (name: string): string => name.replace(/^[-+~]+/, '');

/** A condition with other values of some arguments; those that it does not have are put at its end. Pure.
 * @throws UserError where Linux takes no such arguments */
export function withArguments(
  { argv, parameters }: Pick<Condition, 'argv' | 'parameters'>,
  changes: readonly Argument[],
  style: ArgumentStyle,
): Condition {
  if (parameters !== '{}') {
    const list = new Map(argumentsIn(parameters, 'run.json').map((one) => [bare(one.key), one]));
    for (const change of changes) {
      const before = list.get(bare(change.key));
      list.set(bare(change.key), before ? { ...change, key: before.key } : change);
    }
    return conditionFromArguments([...list.values()], style);
  }
  const words = changes.reduce<readonly string[]>((now, change) => changedWords(now, change, style), argv);
  const problem = argvProblem(words);
  if (problem) throw new UserError(`The list of arguments ${problem}`);
  return conditionOf([...words]);
}

/** Words by their form: `--lr 0.1`, `--lr=0.1`, `lr=0.1`, `--layers 64 32`, `--adam`. */
function changedWords(argv: readonly string[], change: Argument, style: ArgumentStyle): string[] {
  const name = bare(change.key);
  const at = argv.findIndex((word) => nameIn(word) === name);
  if (at === -1) return [...argv, ...argumentWords([change], style)];
  const first = argv[at] ?? '';
  const isJoined = first.includes('=');
  let end = at + 1;
  while (!isJoined && end < argv.length && !isName(argv[end] ?? '')) end++;
  const written: ArgumentStyle = !isJoined
    ? '--key value'
    : first.startsWith('-')
      ? '--key=value'
      : 'key=value';
  const key = isJoined ? first.slice(0, first.indexOf('=')) : first;
  return [...argv.slice(0, at), ...argumentWords([{ ...change, key }], written), ...argv.slice(end)];
}

/** A negative number is a value. */
const isName = (word: string): boolean =>
  /^--?[A-Za-z_]/.test(word) || /^[+~]{0,2}[A-Za-z_][\w./-]*=/.test(word);

function nameIn(word: string): string | null {
  if (!isName(word)) return null;
  const end = word.indexOf('=');
  return bare(end === -1 ? word : word.slice(0, end));
}
