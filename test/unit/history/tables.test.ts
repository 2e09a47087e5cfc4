import { describe, expect, it } from 'vitest';
import { ranking } from '../../../src/history/best.js';
import { columnsAsked, readColumns } from '../../../src/history/columns.js';
import { compared } from '../../../src/history/compare.js';
import { Fields } from '../../../src/history/fields.js';
import { grouped, groupFields, readGroupBy, summed } from '../../../src/history/group.js';
import { readSort, sortedRows } from '../../../src/history/sort.js';
import type { RunRow } from '../../../src/runs/rows/row.js';
import { receiptOf, recipeOf } from '../../support/receipts.js';
import { rowFor } from '../../support/rows.js';

/** Values of an argument. */
const named = (rows: readonly RunRow[], name: string) =>
  rows.map(({ words }) => words[name]?.join(' ') ?? null);

describe('--sort', () => {
  const rows = [
    rowFor('--n 1', { summary: { a: 2, b: 1 } }),
    rowFor('--n 2', { summary: { a: 10, b: 1 } }),
    rowFor('--n 3', { summary: {} }),
    rowFor('--n 4', { summary: { a: Number.NaN, b: 0 } }),
    rowFor('--n 5', { summary: { a: 'text', b: 2 } }),
    rowFor('--n 6', { summary: { a: Number.NEGATIVE_INFINITY } }),
  ];
  it.each([
    ['a', '612543'],
    ['-a', '216543'],
    ['-measure.a', '216543'],
    ['b, -a', '421563'],
    ['-created', '654321'],
    ['-n', '654321'],
  ])('%s', (text, order) => {
    expect(named(sortedRows(rows, readSort(text), new Fields(rows)), 'n').join('')).toBe(order);
  });

  it.each(['', 'a b', 'a,', '-'])('refuses %j', (text) => {
    expect(() => readSort(text)).toThrow(/--sort "/);
  });
});

describe('--columns', () => {
  const row = rowFor('--lr 0.1 --max 3', {
    series: {
      train: [
        { step: 1, loss: 4 },
        { step: 2, loss: 2 },
      ],
    },
    summary: { 'a b': 1 },
  });
  it('are names, parts of series and values at steps, with headings', () => {
    const fields = new Fields([row], (_, series, column, step) => `${series} ${column} ${step}`);
    const columns = columnsAsked(
      readColumns('lr, min loss as best, loss@100, "a b" as "A, B", max, mean measure.loss, state, loss'),
      fields,
    );
    expect(columns.map((field) => [field.head, field.of(row)])).toEqual([
      ['lr', '0.1'],
      ['best', 2],
      ['loss@100', 'train loss 100'],
      ['A, B', 1],
      ['max', '3'],
      ['mean loss', 3],
      ['state', 'succeeded'],
      ['loss', 2],
    ]);
  });

  it.each(['lr as', 'lr as ,', 'lr lr', 'min lr'])('refuses %j', (text) => {
    expect(() => columnsAsked(readColumns(text), new Fields([row]))).toThrow(/--columns/);
  });
});

describe('--group-by', () => {
  const rows = [
    rowFor('--lr 0.1 --seed 1'),
    rowFor('--lr 0.1 --seed 2'),
    rowFor('--lr 1 --seed 1'),
    rowFor('--seed 3'),
  ];
  const by = (text: string) => {
    const fields = new Fields(rows);
    return grouped(rows, groupFields(readGroupBy(text), fields)).map(({ keys, rows: own }) => [
      keys,
      own.length,
    ]);
  };

  it('has every run, those without the value too', () => {
    const groups = [
      [['0.1'], 2],
      [['1'], 1],
      [[undefined], 1],
    ];
    expect(by('lr')).toEqual(groups);
    expect(by('all but seed')).toEqual(groups);
    expect(by('lr, seed')).toHaveLength(4);
    expect(() => by('all but sed')).toThrow('Did you mean seed?');
  });

  it('sums exactly', () => {
    expect(summed([])).toBeNull();
    expect(summed([3])).toEqual({ n: 1, mean: 3, deviation: null, min: 3, max: 3 });
    expect(summed([0.1, 0.1, 0.1])).toEqual({ n: 3, mean: 0.1, deviation: 0, min: 0.1, max: 0.1 });
    expect(summed([1e9, 1e9 + 1, 1e9 + 2])).toMatchObject({ mean: 1e9 + 1, deviation: 1 });
    expect(summed([1, Number.NaN])).toMatchObject({ n: 2, mean: Number.NaN });
    expect(summed(Array.from({ length: 200_000 }, (_, at) => at))).toMatchObject({
      n: 200_000,
      max: 199_999,
    });
  });
});

describe('best', () => {
  const rows = [
    rowFor('--lr 1 --seed 1', { summary: { lr: 1, accuracy: 0.5, loss: 3 } }),
    rowFor('--lr 1 --seed 2', { summary: { lr: 1, accuracy: 0.9, loss: 4 } }),
    rowFor('--lr 2 --seed 1', { summary: { lr: 2, accuracy: 0.8, loss: 2 } }),
    rowFor('--lr 3 --seed 1', { summary: { lr: 3, accuracy: 0.8 } }),
    rowFor('--lr 4 --seed 1', { summary: { lr: 4, accuracy: 'n/a', loss: Number.NaN } }),
    rowFor('--lr 5 --seed 1', { summary: { accuracy: 1 }, changes: { state: 'failed' } }),
  ];
  const none = { by: null, goal: null, over: null, objective: null };
  const best = (request: Partial<Parameters<typeof ranking>[2]>) => {
    const found = ranking(rows, new Fields(rows), { ...none, ...request });
    return { ...found, ranked: found.ranked.map(({ rank, value, rows: own }) => [rank, value, own.length]) };
  };

  it('ranks by a measure, with ties, and counts what it leaves out', () => {
    expect(best({ by: 'accuracy' })).toMatchObject({
      goal: 'maximize',
      isGuessed: true,
      ranked: [
        [1, 0.9, 1],
        [2, 0.8, 1],
        [2, 0.8, 1],
        [4, 0.5, 1],
      ],
      leftOut: { unsuccessful: 1, missing: 0, text: 1, nan: 0 },
    });
    expect(best({ by: 'loss' })).toMatchObject({
      goal: 'minimize',
      ranked: [
        [1, 2, 1],
        [2, 3, 1],
        [3, 4, 1],
      ],
      leftOut: { unsuccessful: 1, missing: 1, text: 0, nan: 1 },
    });
    expect(best({ by: 'loss', goal: 'maximize' }).ranked[0]).toEqual([1, 4, 1]);
  });

  it('goes by the objective, and else by the first number of the newest summary', () => {
    expect(best({ objective: { name: 'loss', goal: 'maximize' } })).toMatchObject({
      field: { name: 'loss' },
      goal: 'maximize',
      isGuessed: false,
    });
    // An argument of that name does not stand in its way.
    expect(best({})).toMatchObject({ field: { name: 'lr', space: 'measure' }, goal: 'maximize' });
    expect(() => ranking([], new Fields([]), none)).toThrow('Nothing has run yet.');
    expect(() => ranking([], new Fields(rows), none)).toThrow(/^None of \d runs fits\.$/);
    const mute = [rowFor('--lr 1')];
    expect(() => ranking(mute, new Fields(mute), none)).toThrow('No run has a measure that is a number.');
    expect(() => best({ objective: { name: 'acuracy', goal: 'maximize' } })).toThrow(
      /^"objective": no run has anything called "acuracy"\. Did you mean accuracy\?/,
    );
  });

  it('takes means over seeds, of all runs of the same code', () => {
    expect(best({ by: 'accuracy', over: 'seed' }).ranked).toEqual([
      [1, 0.8, 1],
      [1, 0.8, 1],
      [3, 0.7, 2],
    ]);
    const other = [
      ...rows,
      rowFor('--lr 1 --seed 3', { summary: { accuracy: 1 }, facts: { code: 'other' } }),
    ];
    const found = ranking(other, new Fields(other), { ...none, by: 'accuracy', over: 'seed' });
    expect(found.ranked.map(({ value, summed: { n } }) => [value, n])).toEqual([
      [1, 1],
      [0.8, 1],
      [0.8, 1],
      [0.7, 2],
    ]);
  });
});

describe('compare', () => {
  it('says in what runs differ, and by how much measures do', () => {
    const texts = ['--lr 0.1 --adam', '--lr 0.2'] as const;
    const [one, other] = [
      rowFor(texts[0], { summary: { accuracy: 0.5, loss: 1, note: 'x' } }),
      rowFor(texts[1], { summary: { accuracy: 0.75, loss: 'n/a' } }),
    ];
    const records = [
      receiptOf(texts[0]),
      receiptOf(texts[1], {
        recipe: recipeOf(texts[1], { environment: { SEED: '1' } }),
        image: { id: `sha256:${'1'.repeat(64)}`, base: [] },
      }),
    ];
    const { inputs, measures } = compared(records, [one, other]);
    expect(
      inputs.filter(({ isSame }) => !isSame).map(({ part, name, values }) => [part, name, ...values]),
    ).toEqual([
      ['argument', 'lr', '0.1', '0.2'],
      ['argument', 'adam', 'true', null],
      ['environment', 'SEED', null, '1'],
      ['image', 'image', `sha256:${'0'.repeat(64)}`, `sha256:${'1'.repeat(64)}`],
    ]);
    expect(inputs).toContainEqual({
      part: 'code',
      name: 'commit',
      values: ['0'.repeat(40), '0'.repeat(40)],
      isSame: true,
    });
    expect(measures).toMatchObject([
      { name: 'accuracy', differences: [{ absolute: 0 }, { absolute: 0.25, relative: 0.5 }] },
      { name: 'loss', differences: [{ absolute: 0 }, null] },
      { name: 'note', values: ['x', undefined] },
    ]);
  });
});
