import { describe, expect, it } from 'vitest';
import { runNamed, shortIds } from '../../../src/runs/run-name.js';

const ids = [
  '20261120-120000000-lr-0-1-seed-1-0123456789',
  '20261120-120000000-lr-0-1-seed-2-aaaaaaaaaa',
  '20261120-120000001-lr-1-bbbbbbbbbb',
  '20261121-120000000-lr-0-1-seed-1-0123456789',
  '20261122-120000000-last-3-cccccccccc',
];

describe('a run is named', () => {
  it.each([
    ['by its id', ids[0], ids[0]],
    ['by the beginning of it', '20261121', ids[3]],
    ['by a condition: its newest', 'lr-0-1-seed-1-0123456789', ids[3]],
    ['by the beginning of one', 'lr-0-1-seed-1', ids[3]],
    ['by arguments as typed', 'lr-0.1-seed-2', ids[1]],
    ['by arguments as typed', '--lr 1', ids[2]],
    ['by a whole slug that begins others', 'lr-1', ids[2]],
    ['as the last', 'last', ids[4]],
    ['as the last', 'last~0', ids[4]],
    ['as one before', 'last~1', ids[3]],
    ['as one before', 'last~4', ids[0]],
    ['by a condition that is called so', 'last-3', ids[4]],
  ])('%s: %s', (_, word, id) => {
    expect(runNamed(word ?? '', ids)).toBe(id);
  });

  it.each([
    ['20261120-12000', /^3 runs begin with 20261120-12000\. .*\n {2}20261120-120000001-lr-1-b.*\n/],
    ['lr-0', /^2 conditions begin with lr-0\. .*\n {2}lr-0-1-seed-1-0123456789\n {2}lr-0-1-seed-2-a/],
    ['lr-0-1-sead', /^No run is called lr-0-1-sead\. Did you mean lr-0-1-seed…\?$/],
    ['', /^No run is called ""/],
    ['last~5', /^There is no last~5: 5 runs in all\.$/],
    ['last~x', /^last~x names no run/],
    ['../x', /^No run is called/],
  ])('not by %j', (word, message) => {
    expect(() => runNamed(word, ids)).toThrow(
      expect.objectContaining({ name: 'UnknownRun', exit: 2, message: expect.stringMatching(message) }),
    );
  });

  it('not where nothing has run', () => {
    expect(() => runNamed('last', [])).toThrow('Nothing has run yet.');
  });
});

it('shows as much of an id as names it', () => {
  const short = shortIds(ids);
  expect([...short.values()]).toEqual([
    '20261120-120000000-lr-0-1-seed-1',
    '20261120-120000000-lr-0-1-seed-2',
    '20261120-120000001',
    '20261121-120000000',
    '20261122-120000000',
  ]);
  for (const [id, shown] of short) expect(runNamed(shown, ids)).toBe(id);
});
