import { afterEach, describe, expect, it } from 'vitest';
import { parseMoment } from '../../../src/history/moment.js';

const now = new Date('2026-11-20T12:00:00Z');

describe('parseMoment', () => {
  it.each([
    ['90s', '2026-11-20T11:58:30.000Z'],
    ['10m', '2026-11-20T11:50:00.000Z'],
    ['2h', '2026-11-20T10:00:00.000Z'],
    ['3d', '2026-11-17T12:00:00.000Z'],
    ['2w', '2026-11-06T12:00:00.000Z'],
    ['0s', '2026-11-20T12:00:00.000Z'],
    ['2026-01-31T18:00:00Z', '2026-01-31T18:00:00.000Z'],
  ])('%s', (text, time) => {
    expect(parseMoment(text, now)?.toISOString()).toBe(time);
  });

  it.each(['', 'yesteryear', '10', '10 m', '-5m', '1.5h', 'm', '2026-13-40', '99999999999999999d'])(
    'refuses %j',
    (text) => {
      expect(parseMoment(text, now)).toBe(null);
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
    expect(parseMoment(text, now)?.toISOString()).toBe(time);
  });
});

describe('a day by its name is its beginning', () => {
  // The 20th of November 2026 is a Friday.
  it.each([
    ['today', 20],
    ['yesterday', 19],
    ['friday', 20],
    ['Thursday', 19],
    ['saturday', 14],
  ])('%s', (text, day) => {
    expect(parseMoment(text, now)).toEqual(new Date(2026, 10, day));
  });
});
