import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Checker {
  struckWords(contributing: string): Map<string, string>;
  findStruck(path: string, text: string, words: ReadonlyMap<string, string>): string[];
}
const { struckWords, findStruck } = (await import(`${root}bin/check-words.js`)) as Checker;

const table = `
## Words

| word | meaning | not |
| --- | --- | --- |
| collect | bring results here | ~~fetch up~~, ~~haul~~ |
| job | one condition | |
| again | | ~~afresh~~ |

## More

| other | table | ~~kept~~ |
`;

describe('check:words', () => {
  it('takes the struck words of the table alone, each with its better one', () => {
    expect([...struckWords(table)]).toEqual([
      ['fetch up', 'collect'],
      ['haul', 'collect'],
      ['afresh', 'again'],
    ]);
  });

  it('finds one by line, in any case, and broken between the lines of a comment', () => {
    const text = 'Haul it.\n/** They fetch\n *  up. */\nconst hauls = 1; // over-haul, overhaul';
    expect(findStruck('src/a.ts', text, struckWords(table))).toEqual([
      'src/a.ts:2: "fetch up": use collect',
      'src/a.ts:1: "haul": use collect',
    ]);
  });

  it('reads the words of CONTRIBUTING.md', () => {
    const words = struckWords(readFileSync(`${root}CONTRIBUTING.md`, 'utf8'));
    expect(words.get(['at', 'work'].join(' '))).toBe('running');
  });
});
