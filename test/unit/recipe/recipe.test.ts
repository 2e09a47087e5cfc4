import { describe, expect, it } from 'vitest';
import { earlierFingerprint, fingerprint, type Recipe } from '../../../src/recipe/recipe.js';
import { readRecord } from '../../../src/runs/read-record.js';
import { fixture, recipeOf } from '../../support/receipts.js';

describe('fingerprint', () => {
  it.each(['succeeded', 'failed', 'hosts'] as const)(
    'is what version 0.1 made of the run that %s',
    (name) => {
      const text = fixture(name);
      const { recipe, fingerprint: before } = readRecord(text, `/runs/${JSON.parse(text).id}/run.json`);
      const id: string = JSON.parse(fixture('deployment')).source_id;
      expect(fingerprint({ ...recipe, source: { ...recipe.source, id } })).toBe(before);
    },
  );

  const recipe = recipeOf('--lr 1', { inputs: { mnist: { path: '/data/mnist', id: 'a' } } });
  const { experiment, source, image, condition } = recipe;

  it.each<[string, Partial<Recipe>]>([
    ['source', { source: { ...source, id: '1'.repeat(64) } }],
    ['folder in the project', { experiment: { ...experiment, path: 'experiments/two' } }],
    ['build context', { image: { ...image, context: 'project' } }],
    ['command', { command: null }],
    ['arguments', { condition: { ...condition, argv: ['--lr', '1.0'] } }],
    ['environment', { environment: { SEED: '1' } }],
    ['docker_run_args', { docker_run_args: ['--cpus', '1'] }],
    ['contents of an input', { inputs: { mnist: { path: '/data/mnist', id: 'b' } } }],
    ['name of an input', { inputs: { cifar: { path: '/data/mnist', id: 'a' } } }],
  ])('is another one with another %s', (_, changes) => {
    expect(fingerprint({ ...recipe, ...changes })).not.toBe(fingerprint(recipe));
  });

  it('L16: goes by contents of inputs and by the code that counts, where they are known', () => {
    const code = { paths: ['src'], id: 'c'.repeat(64) };
    const known: Recipe = {
      ...recipe,
      source: { ...source, code },
      inputs: { mnist: { path: '/data/mnist', id: 'a', hash: 'h' } },
    };
    const touched: Recipe = {
      ...known,
      source: { ...known.source, id: '1'.repeat(64) },
      inputs: { mnist: { path: '/data/mnist', id: 'b', hash: 'h' } },
    };
    expect(fingerprint(touched)).toBe(fingerprint(known));
    expect(earlierFingerprint(touched)).not.toBe(earlierFingerprint(known));
    expect(earlierFingerprint(known)).toBe(fingerprint(recipe));
    const others: Recipe[] = [
      { ...known, source: { ...source, code: { ...code, id: 'd'.repeat(64) } } },
      { ...known, inputs: { mnist: { path: '/data/mnist', id: 'a', hash: 'other' } } },
    ];
    for (const other of others) expect(fingerprint(other)).not.toBe(fingerprint(known));
  });

  it.each<[string, Partial<Recipe>]>([
    ['commit of the same source', { source: { ...source, commit: '1'.repeat(40), tree: '2'.repeat(40) } }],
    ['way to write the same arguments', { condition: { ...condition, parameters: '{"lr":1}' } }],
    ['place of the same input', { inputs: { mnist: { path: '/mnt/mnist', id: 'a' } } }],
    ['deadline', { max_hours: 1 }],
    ['number of GPUs', { gpus: 2 }],
    ['list of secrets', { secrets: ['TOKEN'] }],
  ])('is the same with another %s', (_, changes) => {
    expect(fingerprint({ ...recipe, ...changes })).toBe(fingerprint(recipe));
  });
});
