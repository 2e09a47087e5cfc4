import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSlots } from '../../../src/operations/deploy/assign-slots.js';

const place = (name: string, slots: number) => ({ name, slots: Array<string>(slots).fill('-') });
const placed = (count: number, places: ReturnType<typeof place>[], load: [string, number][] = []) =>
  assignSlots(count, places, new Map(load))
    .map(({ name }) => name)
    .join(' ');

describe('new jobs', () => {
  it('go where there is the least work for a slot, the first place first', () => {
    expect(placed(5, [place('a', 1), place('b', 1)])).toBe('a b a b a');
    expect(placed(6, [place('a', 1), place('b', 2)])).toBe('b a b b a b');
    expect(placed(3, [place('a', 1), place('b', 1)], [['a', 2]])).toBe('b b a');
    expect(placed(0, [place('a', 1)])).toBe('');
    expect(placed(3, [])).toBe('');
  });

  it('leave no place with more than its share', () => {
    const places = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(places, fc.nat(60), (slots, count) => {
        const all = slots.map((number, index) => place(`m${index}`, number));
        const names = assignSlots(count, all, new Map()).map(({ name }) => name);
        expect(names).toHaveLength(count);
        const sum = slots.reduce((one, other) => one + other);
        for (const { name, slots: own } of all) {
          const jobs = names.filter((one) => one === name).length;
          expect(jobs).toBeLessThan((count * own.length) / sum + own.length);
        }
      }),
    );
  });
});
