import { describe, expect, it } from 'vitest';
import { withRoom } from '../../../src/operations/deploy/room.js';
import type { Place } from '../../../src/runs/deployment.js';

const place = (name: string, exists: boolean | null, released: string | null = null) =>
  ({ name, rented: exists === null ? null : { exists }, released }) as Place;

describe('which machines may be made now', () => {
  const places = [
    place('a', true),
    place('b', false),
    place('c', false),
    place('d', true, 'yesterday'),
    place('here', null),
  ];

  it.each([
    [null, ['a', 'b', 'c', 'here']],
    [1, ['a', 'here']],
    [2, ['a', 'b', 'here']],
    [3, ['a', 'b', 'c', 'here']],
  ])('with at most %s: %j', (most, now) => {
    expect([...withRoom({ places }, ['a', 'b', 'c', 'here'], most)]).toEqual(now);
  });

  it('counts those that exist and are not asked for, and none twice', () => {
    expect([...withRoom({ places }, ['b', 'b', 'c'], 2)]).toEqual(['b']);
    expect([...withRoom({ places }, ['c', 'b'], 1)]).toEqual([]);
  });
});
