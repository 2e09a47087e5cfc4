import { afterEach, describe, expect, it } from 'vitest';
import { between, duration, parseSince } from '../../../src/cli/time.js';

const now = new Date('2026-11-20T12:00:00Z');

describe('parseSince', () => {
  it.each([
    ['90s', '2026-11-20T11:58:30.000Z'],
    ['10m', '2026-11-20T11:50:00.000Z'],
    ['2h', '2026-11-20T10:00:00.000Z'],
    ['3d', '2026-11-17T12:00:00.000Z'],
    ['0s', '2026-11-20T12:00:00.000Z'],
    ['2026-01-31T18:00:00Z', '2026-01-31T18:00:00.000Z'],
  ])('%s', (text, time) => {
    expect(parseSince(text, now)?.toISOString()).toBe(time);
  });

  it.each(['', 'yesteryear', '10', '10 m', '10w', '-5m', '1.5h', 'm', '2026-13-40', '99999999999999999d'])(
    'refuses %j',
    (text) => {
      expect(parseSince(text, now)).toBe(null);
    },
  );
});

describe('L39: a date is local, with a time or without', () => {
  const before = process.env.TZ;
  afterEach(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  it.each([
    ['2026-01-31', '2026-01-30T10:00:00.000Z'],
    ['2026-01-31T00:00', '2026-01-30T10:00:00.000Z'],
    ['2026-01-31 18:00', '2026-01-31T04:00:00.000Z'],
    ['2026-01', '2025-12-31T10:00:00.000Z'],
    ['2026-01-31T18:00Z', '2026-01-31T18:00:00.000Z'],
  ])('%s', (text, time) => {
    process.env.TZ = 'Pacific/Kiritimati';
    expect(parseSince(text, now)?.toISOString()).toBe(time);
  });
});

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
