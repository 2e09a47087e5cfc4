import { describe, expect, it } from 'vitest';
import type { ArgumentStyle } from '../../../src/experiment/arguments.js';
import { settingOf, withArguments } from '../../../src/experiment/change-arguments.js';
import { conditionFromText, conditionOf } from '../../../src/experiment/condition.js';

const change = (text: string, settings: string[], style: ArgumentStyle = '--key value') =>
  withArguments(conditionFromText(text), settings.map(settingOf), style).options;

describe('other arguments for a condition', () => {
  it.each([
    ['--lr 0.1 --seed 1', ['lr=0.01'], '--lr 0.01 --seed 1'],
    ['--lr 0.1 --seed 1', ['--seed=2', 'lr=1e-4'], '--lr 1e-4 --seed 2'],
    ['--lr=0.1 --seed=1', ['seed=2'], '--lr=0.1 --seed=2'],
    ['lr=0.1 +seed=1', ['seed=2', 'lr=1.0'], 'lr=1.0 +seed=2'],
    ['--layers 64 32 --lr 1', ['layers=[128, 64]'], '--layers 128 64 --lr 1'],
    ['--shift -3 --lr 1', ['shift=-4'], '--shift -4 --lr 1'],
    ['--adam --lr 1', ['adam=false'], '--lr 1'],
    ['--lr 1', ['adam=true'], '--lr 1 --adam'],
    ['--lr 1', ['name=two words'], "--lr 1 --name 'two words'"],
    ['--lr 1 --seed 3', ['seed=null'], '--lr 1'],
    ['train --lr 1', ['lr=2'], 'train --lr 2'],
    ['--lr 1', ['lr='], "--lr ''"],
  ])('%s with %j', (text, settings, expected) => {
    expect(change(text, settings)).toBe(expected);
  });

  it('of keys keep their keys, and numbers their digits', () => {
    const before = conditionOf(['--lr', '0.10', '--adam'], '{"lr":0.10,"adam":true}');
    const { options, parameters } = withArguments(
      before,
      [settingOf('lr=1.0'), settingOf('seed=7')],
      '--key value',
    );
    expect(options).toBe('--lr 1.0 --adam --seed 7');
    expect(parameters).toBe('{"lr":1.0,"adam":true,"seed":7}');
  });

  it('are the same condition where nothing changes', () => {
    const before = conditionFromText('--lr 0.1');
    expect(withArguments(before, [], '--key value')).toEqual(before);
  });

  it('need a name', () => {
    for (const text of ['lr', '=3', ''])
      expect(() => settingOf(text)).toThrow('is not a name, "=" and a value');
  });

  it('take an object for a word', () => {
    expect(change('--lr 1', ['config={"a":1}'])).toBe(`--lr 1 --config '{"a":1}'`);
  });
});
