import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fields } from '../../../src/history/fields.js';
import { filterOf } from '../../../src/history/where.js';
import { readRunsWhere } from '../../../src/history/where-text.js';
import { rowFor } from '../../support/rows.js';

const now = new Date('2026-11-21T12:00:00Z');
const rows = [
  rowFor('--lr 0.10 --layers 64 32 --name "two words" --epoch 3', {
    summary: { accuracy: 0.9, per: { class: 0.5 }, 'val loss': 1, epoch: 7 },
    changes: { tags: ['best', 'paper'], notes: ['looks good'] },
  }),
  rowFor('--lr 1e-2 --adam', {
    values: { accuracy: 'n/a' },
    series: {
      train: [
        { step: 1, loss: 3 },
        { step: 2, loss: 1 },
      ],
      val: [{ loss: 2 }],
    },
  }),
  rowFor('--lr x', {
    summary: { accuracy: Number.NaN },
    changes: { state: 'failed', reason: 'oom', exit_code: 137, finished: null },
    facts: { commit: `abcdef1${'0'.repeat(33)}`, inputs: { mnist: 'f00' } },
  }),
];

/** Places of the rows that match, and what is remarked. */
function filtered(...texts: string[]) {
  const filter = filterOf(texts.map(readRunsWhere), new Fields(rows), now);
  return { places: rows.flatMap((row, at) => (filter.matches(row) ? [at] : [])), remarks: filter.remarks() };
}

describe('--where', () => {
  it.each<[string, number[]]>([
    ['lr=0.1', [0]],
    ['lr = 1e-1', [0]],
    ['--lr == .1', [0]],
    ['lr != 0.1', [1, 2]],
    ['lr < 0.1', [1]],
    ['lr>=0.01', [0, 1]],
    ['layers=64,32', [0]],
    ['layers = [64, 32]', [0]],
    ['name="two words"', [0]],
    ["name contains 'wo w'", [0]],
    ['adam = true', [1]],
    ['adam is missing', [0, 2]],
    ['adam is not missing', [1]],
    ['not adam is missing', [1]],
    ['lr in [0.1, x]', [0, 2]],
    ['lr in 0.1,0.01', [0, 1]],
    ['lr not in (0.1, x)', [1]],
    ['adam not in [3]', [1]],
    ['state = failed or adam=true', [1, 2]],
    ['(state=failed or adam=true) and lr=0.01', [1]],
    ['state=failed or adam=true and lr=0.01', [1, 2]],
    ['NOT (lr = 0.1 OR lr = x)', [1]],
    ['accuracy > 0.5', [0]],
    ['accuracy = n/a', [1]],
    ['accuracy = nan', [2]],
    ['accuracy != 0.9', [1, 2]],
    ['"val loss" <= 1', [0]],
    ['measure."val loss" = 1', [0]],
    ['per.class = .5', [0]],
    ['measure.epoch = 7', [0]],
    ['argument.epoch = 7', []],
    ['train.loss = 1', [1]],
    ['min train.loss = 1', [1]],
    ['max train.loss = 3 and first train.loss = 3 and mean train.loss = 2', [1]],
    ['count train.loss = 2', [1]],
    ['step = 2', [1]],
    ['tag = paper', [0]],
    ['tag contains pap', [0]],
    ['tag != paper', []],
    ['note matches "^looks\\s"', [0]],
    ['exit_code = 137', [2]],
    ['run.state = failed', [2]],
    ['commit = abcdef1', [2]],
    ['commit = abcdef', []],
    ['input = mnist=f00', [2]],
    ['created > 2026-11-20T00:00:00Z', [0, 1, 2]],
    ['created < 2d', []],
    ['created > 2d', [0, 1, 2]],
    ['seconds = 2', [0, 1]],
    ['attempt = 1', [0, 1, 2]],
  ])('%s', (text, places) => {
    expect(filtered(text).places).toEqual(places);
  });

  it('has to match as a whole where there are several', () => {
    expect(filtered('lr > 0', 'adam=true').places).toEqual([1]);
  });

  it('tells once of values that are no numbers', () => {
    expect(filtered('accuracy > 0.5 or accuracy < 0.1').remarks).toEqual([
      'accuracy is a number in 2 runs and a text in 1, such as "n/a": numbers compare with numbers only.',
    ]);
    expect(filtered('accuracy is not missing').remarks).toEqual([]);
  });

  it.each([
    ['', 'expected a name at its end.'],
    ['lr', 'expected one of = != < <= > >= contains matches in is, behind lr, at its end.'],
    ['lr is', 'expected missing at its end.'],
    ['lr = ', 'expected a value at its end.'],
    ['lr = 0.1 an seed = 2', 'expected and, or, or the end (did you mean and?) at "an", character 10.'],
    ['(lr = 0.1', 'expected and, or, or a closing bracket at its end.'],
    ['lr = 0.1)', 'expected and, or, or the end at ")", character 9.'],
    ['lr in [1, ', 'expected a value at its end.'],
    ['lr in [1 2]', 'expected a comma or ] at "2", character 10.'],
    ['name = "two', 'this quote is not closed at ""two", character 8.'],
    ['name cotains x', 'behind name (did you mean contains?), at "cotains", character 6.'],
    ['and = 3', 'expected a name at "and", character 1.'],
    ['lr < high', '< compares numbers, and "high" is none.'],
    ['created > soon', 'created is a time, and "soon" is none'],
    ['name matches "["', 'is not a regular expression: Unterminated character class.'],
    ['lrr = 1', 'no run has anything called "lrr". Did you mean lr?\n  arguments: lr, '],
    ['measure.acuracy = 1', 'no run has a measure called "acuracy". Did you mean accuracy?\n  measures: '],
    ['epoch = 3', '"epoch" may be an argument or a measure: write argument.epoch or measure.epoch.'],
    ['loss = 3', 'several series have "loss": write train.loss or val.loss.'],
    ['min lr = 3', 'no run has anything called "lr"'],
    ['('.repeat(200), 'expected fewer than 100 brackets'],
  ])('refuses %j', (text, message) => {
    expect(() => filtered(text)).toThrow(
      expect.objectContaining({ name: 'WrongQuery', exit: 2, message: expect.stringContaining(message) }),
    );
  });

  it('knows no time of a run whose clock jumped', () => {
    const jumped = rowFor('--lr 1', {
      changes: { started: '2026-11-20T12:00:05Z', finished: '2026-11-20T11:00:00Z' },
    });
    const filter = filterOf([readRunsWhere('seconds is missing')], new Fields([jumped]), now);
    expect(filter.matches(jumped)).toBe(true);
  });

  it('takes any text, or refuses it in words', () => {
    const word = fc.constantFrom(
      'lr',
      '=',
      '(',
      ')',
      'and',
      'not',
      '"',
      "'",
      '[',
      ',',
      'in',
      '@3',
      'min',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          try {
            filtered(text);
          } catch (error) {
            expect(error).toHaveProperty('name', 'WrongQuery');
          }
        },
      ),
    );
  });
});
