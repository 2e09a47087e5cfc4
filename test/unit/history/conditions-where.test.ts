import { describe, expect, it } from 'vitest';
import { conditionFromText } from '../../../src/experiment/condition.js';
import type { Selectable } from '../../../src/experiment/select.js';
import { rowFor } from '../../support/rows.js';
import { whereOf } from '../../support/where.js';

const conditions: readonly Selectable[] = [
  '--lr 0.1 --epochs 5 --opt adam',
  '--lr 0.01 --epochs 20 --opt sgd --layers 64 32',
  '--lr 1e-3 --epochs 20 --seed 12345678901234567890',
  '--seed 12345678901234567891 --note "a = b"',
]
  .map(conditionFromText)
  .map((given) => ({ id: given.id, given }));

const found = (...where: string[]) =>
  whereOf(where)
    .fitting(conditions)
    .map((condition) => conditions.indexOf(condition));

describe('N12: --where about conditions', () => {
  it.each([
    [['lr=0.1'], [0]],
    [['--lr = 0.10'], [0]],
    [['lr==1e-2'], [1]],
    [['lr=.001'], [2]],
    [['lr!=0.1'], [1, 2]],
    [['lr<0.1'], [1, 2]],
    [['epochs>=20'], [1, 2]],
    [['epochs > 5', 'lr <= 0.001'], [2]],
    [['opt=adam'], [0]],
    [['opt!=adam'], [1]],
    [['layers=64,32'], [1]],
    [['layers=64 32'], [1]],
    [['layers=[64, 32]'], [1]],
    [['"seed" = 12345678901234567890'], [2]],
    [["note='a = b'"], [3]],
    // As in history.
    [['lr<=0.01 and epochs=20 and not (opt is missing)'], [1]],
    [['opt in [adam, sgd] or seed is not missing'], [0, 1, 2, 3]],
    [['argument.opt matches "^s"'], [1]],
    [['state is missing'], [0, 1, 2, 3]],
  ])('%j', (where, places) => expect(found(...where)).toEqual(places));

  it.each([
    ['lr', /^--where "lr": expected one of = .*, behind lr, at its end\.$/],
    ['=3', /^--where "=3": expected a name at "=", character 1\.$/],
    ['lr=0.1 an opt=adam', /expected and, or, or the end \(did you mean and\?\) at "an"/],
    ['lr<fast', /^--where "lr < fast": < compares numbers, and "fast" is none\.$/],
    [
      'epoch=3',
      /^--where: no condition has anything called "epoch"\. Did you mean epochs\?\n {2}arguments: lr, epochs, opt, layers, seed, note\n {2}measures: none\n/,
    ],
    ['lr=7', /^No condition fits --where "lr=7"\. The values are:\n {2}lr: 0\.1, 0\.01, 1e-3$/],
    ['opt>3', /^No condition fits --where "opt>3"\. The values are:\n {2}opt: adam, sgd$/],
    ['state=failed', /The values are:\n {2}state: none of 4 conditions has a value$/],
  ])('%s: %s', (where, message) => {
    expect(() => found(where)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exit: 2 }),
    );
  });

  it('says so where several exclude each other, and where there are no arguments', () => {
    expect(() => found('lr=0.1', 'epochs=20')).toThrow(
      'No condition fits --where "lr=0.1" --where "epochs=20". The values are:\n  lr: 0.1, 0.01, 1e-3\n  epochs: 5, 20',
    );
    const given = conditionFromText('plain words');
    expect(() => whereOf(['lr=1']).fitting([{ id: given.id, given }])).toThrow(
      'no condition has anything called "lr".\n  arguments: none',
    );
  });

  it('goes by the run of a condition, as it is now, and reads the runs only where they count', () => {
    const texts = ['--lr 1 --state 7', '--lr 2', '--lr 3'];
    const rows = [
      rowFor('--lr 1 --state 7', { summary: { accuracy: 0.5 } }),
      rowFor('--lr 2', {
        summary: { accuracy: 0.8, note: 'x' },
        series: { train: [{ loss: 3 }, { loss: 1 }] },
      }),
      rowFor('--lr 1 --state 7', { summary: { accuracy: 'nan?' } }),
    ];
    const all = texts.map(conditionFromText).map((given) => ({ id: given.id, given }));
    const lrs = (where: string, rows_ = () => rows, changes: Partial<Selectable> = {}) =>
      whereOf([where], rows_)
        .fitting(all.map((one) => ({ ...one, ...changes })))
        .map(({ given }) => given?.argv[1]);
    const never = () => {
      throw new Error('read');
    };
    expect(lrs('lr>1 and state is missing', never)).toEqual(['2', '3']);
    expect(lrs('accuracy>0.4')).toEqual(['2']);
    expect(lrs('min loss<2 and run.state=succeeded')).toEqual(['2']);
    // The argument comes first, as it did before runs could be meant.
    expect(lrs('state=7')).toEqual(['1']);
    expect(lrs('accuracy is missing')).toEqual(['3']);
    // What a machine has reported is newer than the files.
    expect(lrs('accuracy=0.1', undefined, { measures: { accuracy: 0.1 } })).toEqual(['1', '2', '3']);
    expect(lrs('run.state=running', undefined, { state: 'running' })).toEqual(['1', '2', '3']);
    // The run that is shown, not the newest.
    const [first] = rows;
    expect(lrs('accuracy=0.5', undefined, { run: first?.run ?? '' })).toEqual(['1', '2', '3']);
  });

  it('tells once of a measure that is a text in some runs', () => {
    const rows = [rowFor('--lr 1', { summary: { a: 1 } }), rowFor('--lr 2', { summary: { a: 'x' } })];
    const notes: string[] = [];
    const all = ['--lr 1', '--lr 2'].map(conditionFromText).map((given) => ({ id: given.id, given }));
    const filter = whereOf(
      ['a<2'],
      () => rows,
      (note) => notes.push(note),
    );
    expect([filter.fitting(all), filter.fitting(all)].map((fit) => fit.length)).toEqual([1, 1]);
    expect(notes).toEqual([expect.stringMatching(/^a is a number in 1 run and a text in 1/)]);
  });
});
