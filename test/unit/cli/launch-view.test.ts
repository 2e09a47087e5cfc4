import { describe, expect, it } from 'vitest';
import { launchNews, launchView } from '../../../src/cli/launch-view.js';
import { present } from '../../../src/cli/style.js';
import type { Step } from '../../../src/targets/target.js';

const at = (steps: Record<string, Step>) =>
  new Map(Object.entries(steps).map(([name, step]) => [name, { step, since: 1_000 }]));
const view = { now: 43_000, width: 80, height: 24 };

describe('machines on their way to their jobs', () => {
  it('have a row each, and a line that counts them', () => {
    const machines = at({
      'lr-1': 'delivered',
      'lr-2': 'making',
      'lr-3': { failed: 'InsufficientInstanceCapacity: none left', refused: true },
      'lr-4': { failed: '', refused: false },
    });
    expect(present(launchView(machines, view), false).split('\n')).toEqual([
      'MACHINE  FOR  STEP',
      'lr-1          has its jobs',
      'lr-2     42s  is being created',
      'lr-3          no capacity: InsufficientInstanceCapacity: none left',
      'lr-4          failed',
      '1 of 4 machines up, 1 without capacity, 1 failed; 1 has its jobs',
    ]);
  });

  it('that are done give way where not all fit', () => {
    const machines = at({ a: 'delivered', b: 'delivered', c: 'starting', d: 'waiting', e: 'delivered' });
    const lines = present(launchView(machines, { ...view, height: 5 }), false).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.slice(1, 3).map((line) => line[0])).toEqual(['c', 'd']);
    expect(lines[3]).toBe('… and 3 more');
    expect(lines[4]).toBe('4 of 5 machines up; 3 have their jobs');
  });

  it('are few', () => {
    expect(launchNews(at({ a: 'waiting' }))).toBe('0 of 1 machine up');
  });
});
