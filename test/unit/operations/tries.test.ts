import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { Tries } from '../../../src/operations/follow/tries.js';

describe('B3: what could not be delivered', () => {
  const problem = (isFinal = false) => ({ problem: new UserError('no'), isFinal });

  /** The times of all tries that fail so, in seconds. */
  function timesOf(...problems: { problem: UserError; isFinal: boolean }[]): number[] {
    const tries = new Tries();
    const times: number[] = [];
    for (let now = 0; now < 100_000; now++) {
      if (!tries.mayTry(now * 1000)) continue;
      times.push(now);
      tries.note(problems, now * 1000);
    }
    return times;
  }

  it('is tried more and more seldom, and not for ever', () => {
    expect(timesOf(problem())).toEqual([0, 10, 30, 70, 150, 310, 630, 1230]);
  });

  it('is not tried again where AWS would say the same', () => {
    expect(timesOf(problem(true))).toEqual([0]);
    expect(timesOf(problem(true), problem(false))).toHaveLength(8);
  });

  it('is tried from the beginning after all went well', () => {
    const tries = new Tries();
    for (let n = 0; n < 7; n++) tries.note([problem()], 0);
    tries.note([], 0);
    tries.note([problem()], 0);
    expect(tries.givenUp).toBeNull();
    expect(tries.mayTry(10_000)).toBe(true);
    for (let n = 0; n < 7; n++) tries.note([problem()], 0);
    expect(tries.givenUp).toBe('no');
  });
});
