import { describe, expect, it } from 'vitest';
import { conditionFromText } from '../../../src/experiment/condition.js';
import {
  couldMean,
  everything,
  namedOneByOne,
  type Selectable,
  type Selection,
  select,
  selectCondition,
  selectConditions,
} from '../../../src/experiment/select.js';
import { whereOf } from '../../support/where.js';

const of = (ids: readonly string[], changes: Partial<Selectable> = {}): Selectable[] =>
  ids.map((id) => ({ id, given: null, ...changes }));

const conditions = of([
  'lr-0-1-0123456789',
  'lr-0-01-0123456789',
  'lr-0-1-seed-2-0123456789',
  'seed-1-aaaaaaaaaa',
  'seed-1-aaaaaaaaaa-bbbbbbbbbb',
]);

const ids = (all: readonly Selectable[], changes: Partial<Selection>) =>
  select(all, { ...everything, ...changes }).map(({ id }) => id);
const named = (...names: string[]) => ids(conditions, { names });

describe('select', () => {
  it('takes ids and beginnings that only one has, and keeps the order of the conditions', () => {
    expect(named('lr-0-01', 'lr-0-1-0123456789')).toEqual(['lr-0-1-0123456789', 'lr-0-01-0123456789']);
    expect(ids(conditions, {})).toHaveLength(5);
  });

  it('prefers an id to a beginning, and a whole slug to a beginning', () => {
    expect(named('seed-1-aaaaaaaaaa')).toEqual(['seed-1-aaaaaaaaaa']);
    expect(named('lr-0-1')).toEqual(['lr-0-1-0123456789']);
  });

  it('N12: takes names as arguments are written', () => {
    expect(named('lr-0.01')).toEqual(['lr-0-01-0123456789']);
    expect(named('--lr 0.1 --seed 2')).toEqual(['lr-0-1-seed-2-0123456789']);
  });

  it.each([
    ['lr-0.1-*', [0, 2]],
    ['lr-0-1*', [0, 2]],
    ['*seed-?', [2, 3]],
    ['--lr 0.?', [0]],
    ['*', [0, 1, 2, 3, 4]],
  ])('N12: the pattern %s', (pattern, places) => {
    expect(named(pattern)).toEqual(places.map((place) => conditions[place]?.id));
  });

  it('names the nearest where none fits', () => {
    expect(() => named('lr-0-2-0123456789')).toThrow(
      'No condition is called lr-0-2-0123456789. Did you mean lr-0-1-0123456789?',
    );
    expect(() => named('something-else')).toThrow(/^No condition is called something-else\.$/);
    expect(() => named('')).toThrow(/^No condition is called ""\. Did you mean .+\?$/);
    expect(() => named('lr-9*')).toThrow(/^No condition fits the pattern lr-9\*\.$/);
    expect(() => select([], { ...everything, names: ['x'] })).toThrow(
      'No condition x: the experiment has none.',
    );
  });

  it('lists the candidates where several fit, with the pattern that means all', () => {
    expect(() => named('lr')).toThrow(
      "3 conditions begin with lr. Write more of the one that you mean, or 'lr*' for all of them:\n  lr-0-1-0123456789\n  lr-0-01-0123456789\n  lr-0-1-seed-2-0123456789",
    );
    expect(named('lr*')).toHaveLength(3);
    const many = of(Array.from({ length: 12 }, (_, index) => `x${index}`));
    expect(() => ids(many, { names: ['x'] })).toThrow(/\n {2}x9\n {2}and 2 more$/);
  });

  it('N12: means this sweep, and an older one only where this one has none', () => {
    const all = [
      ...of(['lr-0-1-aaaaaaaaaa', 'seed-1-aaaaaaaaaa']),
      ...of(['lr-0-2-bbbbbbbbbb', 'lr-0-1-x-bbbbbbbbbb', 'old-bbbbbbbbbb'], { isOld: true }),
    ];
    expect(ids(all, { names: ['lr'] })).toEqual(['lr-0-1-aaaaaaaaaa']);
    expect(ids(all, { names: ['lr*'] })).toEqual(['lr-0-1-aaaaaaaaaa']);
    expect(ids(all, { names: ['lr-0-2*', 'old'] })).toEqual(['lr-0-2-bbbbbbbbbb', 'old-bbbbbbbbbb']);
    expect(() => ids(all, { names: ['lr-0-1-x', 'ol', 'l*', 'nothing'] })).toThrow('nothing');
  });

  it('N12: takes a dash at the end for one of the id, whichever sweep has such a condition', () => {
    const all = [
      ...of(['lr-10-aaaaaaaaaa', 'lr-11-aaaaaaaaaa']),
      ...of(['lr-1-bbbbbbbbbb'], { isOld: true }),
    ];
    expect(ids(all, { names: ['lr-1-'] })).toEqual(['lr-1-bbbbbbbbbb']);
  });

  it('N12: of states, and of arguments, all of which have to fit', () => {
    const row = (text: string, state: string | null, isOld = false): Selectable => {
      const given = conditionFromText(text);
      return { id: given.id, given, state, isOld };
    };
    const all = [
      row('--lr 0.1 --seed 1', 'failed'),
      row('--lr 0.1 --seed 2', 'running'),
      row('--lr 0.2 --seed 1', 'lost'),
      row('--lr 0.3', null),
      row('--lr 0.4 --old 1', 'failed', true),
    ];
    const places = (changes: Partial<Selection>) =>
      ids(all, changes).map((id) => all.findIndex((one) => one.id === id));
    expect(places({ states: ['failed', 'lost'] })).toEqual([0, 2]);
    expect(places({ states: ['stopped'] })).toEqual([]);
    expect(places({ where: whereOf(['lr=0.1']) })).toEqual([0, 1]);
    expect(places({ names: ['*seed-1'], where: whereOf(['lr>0.1']) })).toEqual([2]);
    expect(places({ names: ['lr-0.1*'], states: ['failed'] })).toEqual([0]);
    expect(places({ where: whereOf(['lr>=0.3']) })).toEqual([3]);
    expect(places({ where: whereOf(['old=1']) })).toEqual([4]);
    expect(places({ names: ['lr-0.4'], where: whereOf(['lr=0.4']), states: ['failed'] })).toEqual([4]);
    expect(() => places({ names: ['lr-0.1*'], where: whereOf(['lr=0.2']) })).toThrow(
      /The values are:\n {2}lr: 0\.1$/,
    );
    expect(() => places({ where: whereOf(['lr=9']) })).toThrow(/lr: 0\.1, 0\.2, 0\.3$/);
  });
});

describe('of parameters.json', () => {
  const listed = ['--lr 0.1', '--lr 0.1 --seed 2', '--lr 0.2'].map(conditionFromText);
  const chosen = (names: string[]): Selection => ({ ...everything, names });

  it('one condition is meant, or it is said which fit', () => {
    expect(selectCondition(listed, { ...everything, where: whereOf(['seed=2']) })).toBe(listed[1]);
    expect(() => selectCondition(listed, chosen(['lr-0.1*']))).toThrow(
      /^2 conditions match; name one of them:\n {2}lr-0-1-/,
    );
    expect(() => selectCondition([], everything)).toThrow('There is no condition.');
  });

  it('some are named one by one, others by a pattern', () => {
    expect(selectConditions(listed, chosen(['lr-0.2', '*seed-2']))).toEqual([listed[1], listed[2]]);
    expect(namedOneByOne(listed, chosen(['lr-0.2', '*seed-2']))).toEqual([listed[2]]);
    expect(namedOneByOne(listed, everything)).toEqual([]);
  });

  it.each([
    ['lr-0-1', true],
    ['--lr 0.1', true],
    ['lr-0.1-*', true],
    ['seed', false],
    ['', false],
  ])('%j could mean --lr 0.1 --seed 2: %s', (name, could) => {
    expect(couldMean(name, listed[1]?.id ?? '')).toBe(could);
  });
});
