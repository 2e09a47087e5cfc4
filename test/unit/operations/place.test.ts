import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { place } from '../../../src/operations/place.js';

const machine = (name: string, slots: number) => ({ name, slots: Array<string>(slots).fill('-') });
const placed = (count: number, machines: ReturnType<typeof machine>[], load: [string, number][] = []) =>
  place(count, machines, new Map(load))
    .map(({ name }) => name)
    .join(' ');

describe('new jobs', () => {
  it('go where there is the least work for a slot, the first machine first', () => {
    expect(placed(5, [machine('a', 1), machine('b', 1)])).toBe('a b a b a');
    expect(placed(6, [machine('a', 1), machine('b', 2)])).toBe('b a b b a b');
    expect(placed(3, [machine('a', 1), machine('b', 1)], [['a', 2]])).toBe('b b a');
    expect(placed(0, [machine('a', 1)])).toBe('');
    expect(placed(3, [])).toBe('');
  });

  it('leave no machine with more than its share', () => {
    const machines = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(machines, fc.nat(60), (slots, count) => {
        const all = slots.map((number, index) => machine(`m${index}`, number));
        const names = place(count, all, new Map()).map(({ name }) => name);
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
