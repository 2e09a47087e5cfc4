import { describe, expect, it } from 'vitest';
import { leftView, machinesJson, removedView } from '../../../src/cli/clean-machines-view.js';
import { present } from '../../../src/cli/style.js';
import type { Removal } from '../../../src/machines/unneeded.js';
import type { LeftOn } from '../../../src/targets/target.js';

const left: LeftOn[] = [
  {
    place: 'gpu1',
    more: true,
    stays: null,
    noImages: 'permission denied\x1b[2J',
    things: [
      { kind: 'source', name: 'project-0123456789.git', bytes: 2_000_000 },
      { kind: 'input', name: 'mnist-0123456789ab', bytes: null },
      { kind: 'input', name: 'mnist-ba9876543210', bytes: 1000 },
    ],
  },
  { place: 'gpu2', stays: 'the queue cannot be read', noImages: null, more: false, things: [] },
];
const removals = new Map<string, Removal[]>([['gpu1', ['removed', 'needed', { failed: 'busy' }]]]);

describe('clean --hosts', () => {
  it('shows what is left, why more stays, and what became of it', () => {
    expect(present(leftView(left, 200), false)).toBe(
      [
        'MACHINE  KIND    NAME                    SIZE',
        'gpu1     source  project-0123456789.git  2.0 MB',
        'gpu1     input   mnist-0123456789ab',
        'gpu1     input   mnist-ba9876543210      1.0 kB',
        '',
        'gpu1: images are left out: permission denied\\u001b[2J',
        'gpu1: there may be more: clean again',
        'gpu2: everything stays: the queue cannot be read',
        '2.0 MB on 1 machine',
      ].join('\n'),
    );
    expect(present(removedView(left, removals), false)).toBe(
      [
        'gpu1: input mnist-0123456789ab stays: it is needed again',
        'gpu1: input mnist-ba9876543210 could not be removed: busy',
        'Removed 2.0 MB.',
      ].join('\n'),
    );
    expect(
      machinesJson(left, [], removals).machines.map(({ unneeded }) => unneeded.map(({ outcome }) => outcome)),
    ).toEqual([['removed', 'needed', 'failed'], []]);
  });
});
