import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** `[EXPERIMENT] [CONDITION…]`: the first word is an experiment if it is a path or a folder that holds one. */
export function experimentAndConditions(words: readonly string[]): {
  folder: string;
  conditions: readonly string[];
} {
  const [first, ...rest] = words;
  if (first === undefined) return { folder: '.', conditions: [] };
  const isExperiment = /^\.|[/\\]/.test(first) || existsSync(join(first, 'parameters.json'));
  return isExperiment ? { folder: first, conditions: rest } : { folder: '.', conditions: words };
}

/** The words before the first `--`, and those behind it; null: there is none. */
export function splitAtDashes(words: readonly string[]): { own: string[]; job: string[] | null } {
  const dashes = words.indexOf('--');
  return dashes < 0
    ? { own: [...words], job: null }
    : { own: words.slice(0, dashes), job: words.slice(dashes + 1) };
}

/** `-o WORD` as `--options=WORD`, so that a word with a dash in front is a value all the same. */
export function joinOptions(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let place = 0; place < words.length; place++) {
    const word = words[place] ?? '';
    const value = words[place + 1];
    if ((word === '-o' || word === '--options') && value !== undefined) {
      joined.push(`--options=${value}`);
      place++;
    } else joined.push(word);
  }
  return joined;
}
