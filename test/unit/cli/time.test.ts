import { describe, expect, it } from 'vitest';
import { age, between, duration } from '../../../src/cli/time.js';

const now = new Date('2026-11-20T12:00:00Z');

describe('duration', () => {
  it.each([
    [0, '<1s'],
    [-5, '<1s'],
    [999, '<1s'],
    [42_000, '42s'],
    [42_900, '42s'],
    [185_000, '3m 5s'],
    [(2 * 60 + 14) * 60_000, '2h 14m'],
    [(3 * 24 + 4) * 3_600_000 + 1, '3d 4h'],
    [400 * 86_400_000, '1y 35d'],
  ])('%i ms: %s', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it('fits the columns of the table, for a hundred days', () => {
    for (let milliseconds = 1; milliseconds < 100 * 86_400_000; milliseconds *= 1.37)
      expect(duration(milliseconds).length).toBeLessThanOrEqual(7);
  });
});

describe('between', () => {
  it.each([
    [null, null, ''],
    [undefined, '2026-11-20T11:00:00Z', ''],
    ['2026-11-20T11:00:00Z', '2026-11-20T11:00:09Z', '9s'],
    ['2026-11-20T11:59:00Z', null, '1m'],
    ['2026-11-20T12:00:01Z', null, '<1s'],
  ])('%s to %s', (from, to, text) => {
    expect(between(from, to, now)).toBe(text);
  });
});

describe('age', () => {
  it.each([
    [null, ''],
    ['2026-11-20T11:59:00Z', '1m'],
    ['2026-11-20T12:00:04Z', '<1s'],
    ['2036-11-20T12:00:00Z', 'in 10y 3d'],
  ])('%s', (time, text) => {
    expect(age(time, now)).toBe(text);
  });
});
