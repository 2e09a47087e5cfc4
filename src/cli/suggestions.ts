import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { quote } from 'shlex';
import type { OwnLine, Suggestion } from '../errors.js';

/** A command line of ours, for the experiment in that folder; null: of no folder, as where none was named. */
export function textOf({ verb, words, note }: OwnLine, folder: string | null): string {
  const from = folder === null ? '' : relative('', resolve(folder));
  const line = ['logistician', verb, ...(from === '' ? [] : [from]), ...words].map((word) => quote(word));
  return `${line.join(' ')}${note && `    # ${note}`}`;
}

// One whose parameters.json is gone, or on another branch, has its records still.
const isExperiment = (word: string): boolean =>
  ['parameters.json', '.logistician'].some((name) => existsSync(join(word, name)));

/** The suggestions as lines to paste, without repetitions. @param argv the words given: one may name the experiment */
export function suggested(suggestions: readonly Suggestion[], argv: readonly string[] = []): string[] {
  const given = argv.find(isExperiment) ?? null;
  const lines = suggestions.map((line) => (typeof line === 'string' ? line : textOf(line, given)));
  return [...new Set(lines)];
}
