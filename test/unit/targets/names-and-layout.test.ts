import { describe, expect, it } from 'vitest';
import { hostNames } from '../../../src/targets/hosts/names.js';
import { foldersAt, inputAt, layoutAt, rootIn, sourceAt } from '../../../src/targets/over-ssh/layout.js';
import { recipeOf } from '../../support/receipts.js';

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
    const { jobs, queue, job } = foldersAt(root, 'exp', '1');
    expect([jobs, queue, job('run-1')]).toEqual([`${root}/exp`, `${root}/exp/queue-1`, `${root}/exp/run-1`]);
    const id = '0123456789abcdef';
    expect(inputAt(root, 'mnist', { id })).toBe(`${root}/inputs/mnist-0123456789ab`);
    // What was only touched is where it was.
    const hash = 'fedcba9876543210';
    expect(inputAt(root, 'mnist', { id, hash })).toBe(inputAt(root, 'mnist', { id: 'other', hash }));
  });

  it('a run has the machine’s paths alone', () => {
    const recipe = recipeOf('', { inputs: { mnist: { path: '/home/me/mnist', id: '0123456789abcdef' } } });
    const at = { root: '/r', docker: 'podman', rootless: false };
    const there = layoutAt(at, 'd-1', recipe, { source, projectKey: 'p-1', transport: 'build' });
    expect(JSON.stringify(there)).not.toContain('/home/me');
    expect(there).toMatchObject({
      docker: 'podman',
      deployment: 'd-1',
      repository: '/r/source/p-1.git',
      checkout: { commit: 'c0ffee', repository: '/r/source/p-1.git' },
      inputs: { mnist: '/r/inputs/mnist-0123456789ab' },
    });
  });

  it('each submodule has a repository of its own, always the same', () => {
    const { repository, lfs, submodules } = sourceAt('/r', 'p-1', source);
    expect({ repository, lfs }).toEqual({ repository: '/r/source/p-1.git', lfs: '/r/source/p-1.git/lfs' });
    const [one, other] = submodules;
    expect(one?.repository).toMatch(/^\/r\/source\/p-1\+[0-9a-f]{10}\.git$/);
    expect(one).toMatchObject({ path: 'lib', commit: 'beef', lfs: null });
    expect(other?.repository).not.toBe(one?.repository);
    expect(other?.lfs).toBe(`${other?.repository}/lfs`);
    expect(sourceAt('/r', 'p-1', source)).toEqual(sourceAt('/r', 'p-1', source));
  });
});
