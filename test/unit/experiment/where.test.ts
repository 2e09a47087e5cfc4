import { describe, expect, it } from 'vitest';
import { conditionFromText } from '../../../src/experiment/condition.js';
import { fitting, readWhere } from '../../../src/experiment/where.js';

const conditions = [
  '--lr 0.1 --epochs 5 --opt adam',
  '--lr 0.01 --epochs 20 --opt sgd --layers 64 32',
  '--lr 1e-3 --epochs 20 --seed 12345678901234567890',
  '--seed 12345678901234567891 --note "a = b"',
].map(conditionFromText);

const found = (...where: string[]) =>
  fitting(conditions, where.map(readWhere)).map((condition) => conditions.indexOf(condition));

describe('N12: --where', () => {
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
    [['layers=[64, 32]'], [1]],
    [['"seed" = 12345678901234567890'], [2]],
    [["note='a = b'"], [3]],
  ])('%j', (where, places) => expect(found(...where)).toEqual(places));

  it.each([
    [
      'lr',
      `--where takes an argument, one of = != < <= > >=, and a value, such as 'lr=0.1' or 'epochs>10'; "lr" is none.`,
    ],
    [
      '=3',
      `--where takes an argument, one of = != < <= > >=, and a value, such as 'lr=0.1' or 'epochs>10'; "=3" is none.`,
    ],
    ['lr<fast', '--where "lr<fast": < compares numbers, and "fast" is none.'],
    [
      'epoch=3',
      'No condition has an argument "epoch". Did you mean epochs? The arguments are: lr, epochs, opt, layers, seed, note.',
    ],
    ['lr=7', 'No condition fits --where "lr=7". The values are:\n  lr: 0.1, 0.01, 1e-3'],
    ['opt>3', 'No condition fits --where "opt>3". The values are:\n  opt: adam, sgd'],
  ])('%s: %s', (where, message) => {
    expect(() => found(where)).toThrow(expect.objectContaining({ message, exit: 2 }));
  });

  it('says so where several exclude each other, and where there are no arguments', () => {
    expect(() => found('lr=0.1', 'epochs=20')).toThrow(
      'No condition fits --where "lr=0.1" --where "epochs=20". The values are:\n  lr: 0.1, 0.01, 1e-3\n  epochs: 5, 20',
    );
    expect(() => fitting([conditionFromText('plain words')], [readWhere('lr=1')])).toThrow(
      'No condition has an argument with a name, so none has "lr".',
    );
  });
});
