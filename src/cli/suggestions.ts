import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { quote } from 'shlex';
import type { OwnLine, Suggestion } from '../errors.js';
import { splitAtDashes } from './words.js';

/** A command line of ours, for the experiment as it was typed: its folder or its name; null: none was typed. */
export function textOf({ verb, words, note }: OwnLine, experiment: string | null): string {
  const from = experiment === null ? '' : asTyped(experiment);
  const line = ['logistician', verb, ...(from === '' ? [] : [from]), ...words].map((word) => quote(word));
  return `${line.join(' ')}${note && `    # ${note}`}`;
}

/** The words that were typed for a verb, once more with those of a line before the job's. */
export function typedWith(verb: string, typed: readonly string[], { words, note }: OwnLine): string {
  const { own, job } = splitAtDashes(typed);
  const line = ['logistician', verb, ...own, ...words, ...(job ? ['--', ...job] : [])];
  return `${line.map((word) => quote(word)).join(' ')}${note && `    # ${note}`}`;
}

// A name is used as it was typed.
const asTyped = (experiment: string): string =>
  /[/\\]/.test(experiment) || existsSync(experiment) ? relative('', resolve(experiment)) : experiment;

// If parameters.json is missing or on another branch, the records still show that it is one.
const isExperiment = (word: string): boolean =>
  ['parameters.json', '.logistician'].some((name) => existsSync(join(word, name)));

/** The word of a command line that is the folder of an experiment; null: none is. */
export const experimentAmong = (argv: readonly string[]): string | null => argv.find(isExperiment) ?? null;

/** The suggestions as lines to paste, without duplicates. @param experiment as it was typed; null: none was */
export function suggested(suggestions: readonly Suggestion[], experiment: string | null = null): string[] {
  const lines = suggestions.map((line) => (typeof line === 'string' ? line : textOf(line, experiment)));
  return [...new Set(lines)];
}
