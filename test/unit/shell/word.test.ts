import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bind, render, reveal, Secret, Variable, type Word } from '../../../src/shell/word.js';
import { hostileWords } from '../../support/hostile-words.js';

/** Any text that a process can be given: no NUL, no half of a surrogate pair. */
const text = fc.string({ unit: 'binary', maxLength: 30 }).map((word) => word.replaceAll('\0', ''));
const tricky = fc.string({ unit: fc.constantFrom(...`'"\\$\`*?[]{}()<>|&;!#~%= \t\n-é🚂`), maxLength: 12 });
const { word } = fc.letrec<{ word: Word }>((again) => ({
  word: fc.oneof({ maxDepth: 3 }, text, tricky, fc.array(again('word'), { maxLength: 4 })),
}));

/** What a shell makes of the words. */
function readBack(rendered: string, env: Record<string, string> = {}): string[] {
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${rendered}`], {
    env: { PATH: process.env.PATH, ...env },
  });
  return printed.toString().split('\0').slice(0, -1);
}

describe('a rendered word', () => {
  it('is read back by a shell as the bytes that it was', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        expect(readBack(words.map(render).join(' '))).toEqual(words.map(reveal));
      }),
      { numRuns: 150 },
    );
  });

  it('is read back in any form', () => {
    expect(readBack(hostileWords.map(render).join(' '))).toEqual(hostileWords);
  });

  it.each<[Word, string]>([
    ['plain', 'plain'],
    ['', "''"],
    [[], "''"],
    [['', ''], "''"],
    [['NAME=', ''], 'NAME='],
    ['two words', "'two words'"],
    [[new Variable('job'), '/source'], '"$job"/source'],
    [['--user=', new Variable('user_id'), ':', new Variable('group_id')], '--user="$user_id":"$group_id"'],
    [['TOKEN=', new Secret('TOKEN', 'open sesame')], 'TOKEN="$TOKEN"'],
  ])('%j is %s', (given, rendered) => {
    expect(render(given)).toBe(rendered);
  });

  it('with a variable or a secret is one word, with any value', () => {
    fc.assert(
      fc.property(text, (value) => {
        const words = [[new Variable('job'), '/source'], new Secret('TOKEN', value)];
        expect(readBack(words.map(render).join(' '), { job: value, TOKEN: value })).toEqual([
          `${value}/source`,
          value,
        ]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a secret', () => {
  const secret = new Secret('TOKEN', 'open sesame');

  it.each([
    ['String', String(secret)],
    ['a template', `${secret}`],
    ['JSON', JSON.stringify({ secret, all: [secret] })],
    ['inspect', inspect({ secret }, { depth: 9, showHidden: true })],
    ['render', render(['a', secret])],
    ['its keys', JSON.stringify(Object.entries(secret))],
    ['an error', inspect(new Error('failed', { cause: { secret } }))],
  ])('does not show in %s', (_, shown) => {
    expect(shown).not.toContain('sesame');
  });

  it('prints as the variable that it comes from', () => {
    expect(String(secret)).toBe('"$TOKEN"');
    expect(JSON.stringify(secret)).toBe('"$TOKEN"');
    expect(render(secret)).toBe('"$TOKEN"');
  });

  it('is revealed to a process alone', () => {
    expect(reveal(['--token=', secret])).toBe('--token=open sesame');
  });
});

describe('a variable', () => {
  it('has no value here', () => {
    expect(() => reveal(['a', new Variable('job')])).toThrow('$job');
  });

  it('is replaced where its value is known, secrets never', () => {
    const word = [new Variable('job'), '/', new Variable('run'), new Secret('run', 'hidden')];
    expect(bind(word, { job: '/tmp/a b' })).toEqual([
      '/tmp/a b',
      '/',
      new Variable('run'),
      new Secret('run', 'hidden'),
    ]);
    expect(render(bind(word, { job: '/tmp/a b' }))).toBe(`'/tmp/a b'/"$run""$run"`);
  });
});
