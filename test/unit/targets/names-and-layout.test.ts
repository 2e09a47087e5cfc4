import { describe, expect, it } from 'vitest';
import { hostNames } from '../../../src/targets/host-names.js';
import {
  inputThere,
  jobsThere,
  queueThere,
  rootIn,
  sourceThere,
  sweepThere,
} from '../../../src/targets/remote-layout.js';
import type { Sweep } from '../../../src/targets/target.js';

describe('a machine', () => {
  it.each<[string[], string[]]>([
    [
      ['me@gpu1:2222', 'gpu2'],
      ['gpu1', 'gpu2'],
    ],
    [
      ['me@gpu1', 'you@gpu1'],
      ['me-gpu1', 'you-gpu1'],
    ],
    [
      ['gpu1:22', 'gpu1:23', 'gpu3'],
      ['gpu1-22', 'gpu1-23', 'gpu3'],
    ],
    [['me@[fe80::1]:22'], ['fe80-1']],
    [['10.0.0.7'], ['10.0.0.7']],
  ])('of %j is called %j', (addresses, names) => {
    expect(hostNames(addresses)).toEqual(names);
  });
});

describe('on a machine', () => {
  const source = {
    repository: '/home/me/my project',
    commit: 'c0ffee',
    lfs: '/home/me/my project/.git/lfs',
    submodules: [
      { path: 'lib', repository: '/home/me/lib', commit: 'beef', lfs: null, submodules: [] },
      { path: 'other lib', repository: '/home/me/lib', commit: 'beef', lfs: '/x', submodules: [] },
    ],
  };

  it('all has its place', () => {
    const root = rootIn('/home/ada');
    expect(root).toBe('/home/ada/logistician');
    expect(jobsThere(root, 'exp')).toBe(`${root}/exp`);
    expect(queueThere(root, 'exp', '1')).toBe(`${root}/exp/queue-1`);
    expect(inputThere(root, 'mnist', { mnist: '0123456789abcdef' })).toBe(
      `${root}/inputs/mnist-0123456789ab`,
    );
  });

  it('the sweep has the machine’s paths alone', () => {
    const sweep = {
      source,
      projectKey: 'p-1',
      inputIds: { mnist: '0123456789abcdef' },
      container: { inputs: { mnist: '/home/me/mnist' } },
    } as unknown as Sweep;
    const there = sweepThere('/r', sweep);
    expect(JSON.stringify({ ...there, inputIds: null })).not.toContain('/home/me');
    expect(there.contextRepository).toBe('/r/source/p-1.git');
    expect(there.container.inputs).toEqual({ mnist: '/r/inputs/mnist-0123456789ab' });
  });

  it('each submodule has a repository of its own, always the same', () => {
    const { repository, lfs, submodules } = sourceThere('/r', 'p-1', source);
    expect({ repository, lfs }).toEqual({ repository: '/r/source/p-1.git', lfs: '/r/source/p-1.git/lfs' });
    const [one, other] = submodules;
    expect(one?.repository).toMatch(/^\/r\/source\/p-1\+[0-9a-f]{10}\.git$/);
    expect(one).toMatchObject({ path: 'lib', commit: 'beef', lfs: null });
    expect(other?.repository).not.toBe(one?.repository);
    expect(other?.lfs).toBe(`${other?.repository}/lfs`);
    expect(sourceThere('/r', 'p-1', source)).toEqual(sourceThere('/r', 'p-1', source));
  });
});
