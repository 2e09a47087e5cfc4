import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { quote } from 'shlex';

/** A command line of ours for the experiment in that folder. `verb` may have words of its own behind it. */
export function lineFor(folder: string, verb: string): string {
  const from = relative('', resolve(folder));
  const [name = '', ...rest] = verb.split(' ');
  return ['logistician', name, ...(from === '' ? [] : [quote(from)]), ...rest].join(' ');
}

/** A suggested line of ours, for the experiment that a command was given by one of its words; others as they are. */
export function forGivenExperiment(suggestion: string, argv: readonly string[]): string {
  if (suggestion.endsWith(' --help')) return suggestion;
  const given = argv.find((word) => existsSync(join(word, 'parameters.json')));
  const ours = /^logistician (?!create|setup)([a-z]+)(?= +[-#]|$)(.*)/.exec(suggestion);
  return given && ours ? lineFor(given, `${ours[1]}${ours[2]}`) : suggestion;
}
