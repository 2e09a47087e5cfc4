import { describe, expect, it } from 'vitest';
import { changedSettings, withInputsOf } from '../../../src/recipe/changes.js';
import { earlierFingerprint, type Recipe } from '../../../src/recipe/recipe.js';
import { recipeOf } from '../../support/receipts.js';

const input = (id: string | null, hash?: string | null) => ({
  path: '/data/mnist',
  id,
  ...(hash !== undefined && { hash }),
});

const before = recipeOf('--lr 1', {
  environment: { SEED: '1', SCALE: '2' },
  inputs: { mnist: input('a', 'h') },
});

describe('what changed between two runs of a condition', () => {
  it.each<[string, Partial<Recipe>, readonly string[]]>([
    ['nothing', {}, []],
    ['what does not count', { max_hours: 1, gpus: 2, secrets: ['TOKEN'] }, []],
    ['the command', { command: 'sh other.sh' }, ['experiment_command']],
    ['a variable', { environment: { SEED: '2', SCALE: '2' } }, ['environment.SEED']],
    [
      'one more and one less',
      { environment: { SEED: '1', RATE: '2' } },
      ['environment.SCALE', 'environment.RATE'],
    ],
    ['arguments of Docker', { docker_run_args: ['--cpus', '1'] }, ['docker_run_args']],
    ['the context', { image: { ...before.image, context: 'project' } }, ['docker_build_context']],
    ['the folder', { experiment: { name: 'e1', path: 'two' } }, ['the folder of the experiment']],
    ['another input', { inputs: { ...before.inputs, cifar: input('c', 'c') } }, ['inputs.cifar']],
    ['contents', { inputs: { mnist: input('a', 'other') } }, ['inputs.mnist']],
  ])('%s', (_, changes, keys) => {
    expect(changedSettings(before, { ...before, ...changes })).toEqual(keys);
  });

  it.each([
    ['L16: the times alone', input('a', 'h'), input('b', 'h'), true],
    ['contents with the old times', input('a', 'h'), input('a', 'i'), false],
    ['nothing, by a receipt without contents', input('a'), input('a', 'h'), true],
    ['the times, by a receipt without contents', input('a'), input('b', 'h'), false],
    ['nothing, where it is too large', input('a', null), input('a', null), true],
    ['the times, where it is too large', input('a', null), input('b', null), false],
    ['it may all have, by a receipt of 0.1', input(null), input('a', 'h'), false],
  ])('of an input: %s', (_, one, other, isSame) => {
    const changed = changedSettings({ ...before, inputs: { one } }, { ...before, inputs: { one: other } });
    expect(changed).toEqual(isSame ? [] : ['inputs.one']);
  });

  it('finds out by the fingerprint of a receipt of 0.1 whether its inputs are those of now', () => {
    const id = '5'.repeat(64);
    const recorded = { ...before, source: { ...before.source, id }, inputs: { mnist: input('a') } };
    const fingerprint = earlierFingerprint(recorded);
    const of01 = { ...recorded, source: { ...before.source, id: null }, inputs: { mnist: input(null) } };
    const now = { ...before, inputs: { mnist: input('a', 'h') } };
    expect(changedSettings(withInputsOf(of01, fingerprint, now, id), now)).toEqual([]);
    const touched = { ...before, inputs: { mnist: input('b', 'h') } };
    expect(withInputsOf(of01, fingerprint, touched, id)).toBe(of01);
    expect(changedSettings(of01, touched)).toEqual(['inputs.mnist']);
  });
});
