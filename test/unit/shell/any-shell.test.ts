import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderForAnyShell, reveal, Secret, Variable, type Word } from '../../../src/shell/word.js';
import { isMissing } from '../../support/engines.js';
import { hostileWords } from '../../support/hostile-words.js';

const text = fc.string({ unit: 'binary', maxLength: 30 }).map((word) => word.replaceAll('\0', ''));
const tricky = fc.string({ unit: fc.constantFrom(...`'"\\$\`*?[]{}()<>|&;!#~%^= \t\n-é🚂`), maxLength: 12 });
const word: fc.Arbitrary<Word> = fc.oneof(text, tricky, fc.array(fc.oneof(text, tricky), { maxLength: 3 }));

function readBack(shell: readonly string[], rendered: string, env: Record<string, string> = {}): string[] {
  const [program = '', ...words] = shell;
  // Longer than what a shell may be given as one word.
  const line = `env printf '%s\\0' ${rendered}`;
  const printed = execFileSync(program, [...words, '-c', line], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return printed.toString().split('\0').slice(0, -1);
}

describe.each([
  ['sh', ['sh'], false],
  ['bash', ['bash', '--norc'], isMissing('bash')],
  ['zsh', ['zsh', '-f'], isMissing('zsh')],
  ['fish', ['fish', '--no-config'], isMissing('fish')],
] as const)('a word for a login shell that is %s', (_, shell, missing) => {
  it.skipIf(missing)('is read back in any form', () => {
    expect(readBack(shell, hostileWords.map(renderForAnyShell).join(' '))).toEqual(hostileWords);
  });

  it.skipIf(missing)('is read back as the bytes that it was', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        expect(readBack(shell, words.map(renderForAnyShell).join(' '))).toEqual(words.map(reveal));
      }),
      { numRuns: 40 },
    );
  });

  it.skipIf(missing)('has variables and secrets by name', () => {
    const words = [[new Variable('job'), '/it\\s'], new Secret('TOKEN', 'x')];
    const env = { job: `a 'b" \\ c`, TOKEN: 'two  words' };
    expect(readBack(shell, words.map(renderForAnyShell).join(' '), env)).toEqual([
      `${env.job}/it\\s`,
      env.TOKEN,
    ]);
  });
});
