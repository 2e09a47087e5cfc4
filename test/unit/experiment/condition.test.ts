import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { conditionFromArgv, conditionFromText } from '../../../src/experiment/condition.js';
import { conditionId } from '../../../src/experiment/condition-id.js';

const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
const argv = fc.array(word, { maxLength: 6 });

describe('conditionId', () => {
  it.each([
    [[], 'default-4f53cda18c'],
    [[''], 'args-'],
    [['--lr', '0.1'], 'lr-0-1-'],
    [['0.1'], 'args-0-1-'],
    [['--Name', 'Été  IN/Paris'], 'name-ete-in-paris-'],
    [['日本'], 'args-'],
    [['x'.repeat(39), 'y'], `${'x'.repeat(39)}-`],
    [['x'.repeat(100)], `${'x'.repeat(40)}-`],
  ])('%j begins with %s', (words, beginning) => {
    expect(conditionId(words).slice(0, beginning.length)).toBe(beginning);
    expect(conditionId(words)).toMatch(/^[a-z](?:-?[a-z0-9])*-[0-9a-f]{10}$/);
  });

  it('stays what it was: records and clouds hold it', () => {
    expect(conditionId(['--lr', '0.1'])).toBe('lr-0-1-97b6eeb1c8');
  });

  it('tells words from parts of words', () => {
    expect(conditionId(['a b'])).not.toBe(conditionId(['a', 'b']));
    expect(conditionId([])).not.toBe(conditionId(['']));
    expect(conditionId(['a","b'])).not.toBe(conditionId(['a', 'b']));
  });

  it('is a safe name for any arguments', () => {
    fc.assert(
      fc.property(argv, (words) => {
        expect(conditionId(words)).toMatch(/^[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}$/);
        expect(conditionId(words)).not.toMatch(/--/);
      }),
    );
  });

  it('is the same for the same arguments, and another for others', () => {
    fc.assert(
      fc.property(argv, argv, (one, other) => {
        const equal = JSON.stringify(one) === JSON.stringify(other);
        expect(conditionId([...one])).toBe(conditionId(one));
        expect(conditionId(one) === conditionId(other)).toBe(equal);
      }),
    );
  });
});

describe('conditionFromText', () => {
  it('splits as a shell would', () => {
    expect(conditionFromText(`--lr  0.01 --name 'a b'`)).toEqual({
      id: conditionId(['--lr', '0.01', '--name', 'a b']),
      argv: ['--lr', '0.01', '--name', 'a b'],
      options: `--lr 0.01 --name 'a b'`,
      parameters: '{}',
    });
  });

  it('reads back the options of any condition', () => {
    fc.assert(
      fc.property(argv, (words) => {
        const condition = conditionFromArgv(words);
        expect(conditionFromText(condition.options)).toEqual(condition);
      }),
    );
  });
});

describe('conditionFromArgv', () => {
  it.each([
    [['a\0b'], 'The list of arguments holds a NUL character (\\u0000), which no argument can: remove it.'],
    [
      ['\ud800'],
      'The list of arguments holds half a surrogate pair (\\ud800 to \\udfff alone), which is no character: write the whole pair.',
    ],
    [
      ['é'.repeat(65_536)],
      'The list of arguments is 131072 bytes long, and Linux takes 131071 in one word: pass it in a file.',
    ],
    [
      Array.from({ length: 20 }, () => 'x'.repeat(100_000)),
      'The list of arguments has arguments of 2000180 bytes, and Linux takes 1835008 in all: pass them in a file.',
    ],
  ])('refuses what no program can be given (%#)', (words, message) => {
    expect(() => conditionFromArgv(words)).toThrow(new UserError(message));
  });

  it('takes the longest word that Linux takes', () => {
    expect(conditionFromArgv(['x'.repeat(131_071)]).argv[0]).toHaveLength(131_071);
  });
});
