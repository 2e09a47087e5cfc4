import { describe, expect, it } from 'vitest';
import { selectConditions } from '../../../src/experiment/select.js';

const conditions = [
  'lr-0-1-0123456789',
  'lr-0-01-0123456789',
  'seed-1-aaaaaaaaaa',
  'seed-1-aaaaaaaaaa-bbbbbbbbbb',
].map((id) => ({ id }));
const select = (...wanted: string[]) => selectConditions(conditions, wanted).map(({ id }) => id);

describe('selectConditions', () => {
  it('takes ids and beginnings that only one has, and keeps the order of the conditions', () => {
    expect(select('lr-0-01', 'lr-0-1-0123456789', 'lr-0-1-')).toEqual([
      'lr-0-1-0123456789',
      'lr-0-01-0123456789',
    ]);
    expect(select()).toEqual([]);
  });

  it('prefers an id to a beginning', () => {
    expect(select('seed-1-aaaaaaaaaa')).toEqual(['seed-1-aaaaaaaaaa']);
  });

  it('names the nearest where none fits', () => {
    expect(() => select('lr-0-2-0123456789')).toThrow(
      'No condition is called lr-0-2-0123456789. Did you mean lr-0-1-0123456789?',
    );
    expect(() => select('something-else')).toThrow(/^No condition is called something-else\.$/);
    expect(() => select('')).toThrow(/^No condition is called ""\. Did you mean .+\?$/);
    expect(() => selectConditions([], ['x'])).toThrow('No condition x: the experiment has none.');
  });

  it('lists the candidates where several fit', () => {
    expect(() => select('lr')).toThrow(
      '2 conditions begin with lr. Write more of the one that you mean:\n  lr-0-1-0123456789\n  lr-0-01-0123456789',
    );
    const many = Array.from({ length: 12 }, (_, index) => ({ id: `x${index}` }));
    expect(() => selectConditions(many, ['x'])).toThrow(/\n {2}x9\n {2}and 2 more$/);
  });
});
