import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinWords, splitWords, UnbalancedQuote } from '../../../src/experiment/words.js';

describe('splitWords', () => {
  it.each([
    ['', []],
    ['  \t\n ', []],
    ['--lr 0.01  --adam', ['--lr', '0.01', '--adam']],
    [`--name 'two words' ""`, ['--name', 'two words', '']],
    [`a"b"'c'd`, ['abcd']],
    [String.raw`a\ b \" \\`, ['a b', '"', '\\']],
    [String.raw`'a\b' "a\b" "\$ \" \\ \a"`, ['a\\b', 'a\\b', '$ " \\ \\a']],
    ['one \\\ntwo "th\\\nree"', ['one', 'two', 'three']],
    // Nothing expands, and nothing is an operator.
    [`$HOME ~ * a;b #c $'x'`, ['$HOME', '~', '*', 'a;b', '#c', '$x']],
    // shlex 3.0.0 loses one of these backslashes.
    [String.raw`'\\'"'"`, [String.raw`\\'`]],
    ['naïve \u{1F600}', ['naïve', '\u{1F600}']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([
    [`a 'b`, `has a quote ' that is not closed`],
    ['a "b', 'has a quote " that is not closed'],
    ['"a\\"', 'has a quote " that is not closed'],
    ['a \\', 'ends in a backslash that escapes nothing'],
  ])('refuses %j', (text, what) => {
    expect(() => splitWords(text)).toThrow(new UnbalancedQuote(text, what));
    expect(() => splitWords(text)).toThrow(
      `These shell words cannot be split: ${text}\nThe text ${what}. Fix it, or give the words one by one.`,
    );
  });
});

describe('joinWords', () => {
  it('leaves plain words plain', () => {
    expect(joinWords(['--lr', '0.01', '--out=a/b', ''])).toBe(`--lr 0.01 --out=a/b ''`);
  });

  it('is undone by splitWords, for any words', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '\n', ' ', 'a') }),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words);
      }),
      { numRuns: 1000 },
    );
  });
});
