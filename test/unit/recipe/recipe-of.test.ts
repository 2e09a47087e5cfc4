import { describe, expect, it } from 'vitest';
import { recipeOf as made } from '../../../src/recipe/recipe-of.js';
import type { Pin } from '../../../src/source/pin.js';
import { receiptOf, receiptProblems, recipeOf } from '../../support/receipts.js';
import { readMembers } from '../experiment/reading.js';

const pin: Pin = {
  commit: 'c'.repeat(40),
  tree: 'd'.repeat(40),
  snapshot: true,
  pushed: false,
  leftOut: ['weights.bin'],
};
const { image } = recipeOf('');
const inputs = { mnist: { path: '/data/mnist', id: 'f'.repeat(64) } };
const parameters = readMembers(`
  "experiment_command": "sh job.sh",
  "experiment_grid": { "lr": [0.10, 0.2] },
  "environment": { "SCALE": 1.50 },
  "secrets": ["TOKEN"],
  "docker_run_args": ["--shm-size", "1g"],
  "max_hours": 2,
  "gpus": 1`);

const ingredients = {
  parameters,
  path: 'experiments/one',
  project: { root: '/home/me/project', branch: null, remote: 'git@example.org:me/project.git' },
  pin,
  sourceId: 'e'.repeat(64),
  codeId: null,
  live: true,
  image,
  inputs,
};

describe('recipeOf', () => {
  const recipes = parameters.conditions.map((condition) => made(ingredients, condition));

  it('has everything that goes into a run', () => {
    const [condition] = parameters.conditions;
    expect(recipes[0]).toEqual({
      experiment: { name: 'e', path: 'experiments/one' },
      condition: { id: condition?.id, argv: ['--lr', '0.10'], parameters: '{"lr":0.10}' },
      source: {
        root: '/home/me/project',
        commit: pin.commit,
        tree: pin.tree,
        id: ingredients.sourceId,
        code: null,
        branch: null,
        remote: 'git@example.org:me/project.git',
        pushed: false,
        snapshot: true,
        live: true,
        left_out: ['weights.bin'],
      },
      image,
      command: 'sh job.sh',
      environment: { SCALE: '1.50' },
      secrets: ['TOKEN'],
      inputs,
      docker_run_args: ['--shm-size', '1g'],
      max_hours: 2,
      gpus: 1,
    });
  });

  it('differs between conditions in the condition alone', () => {
    const [one, other] = recipes.map(({ condition: _, ...rest }) => rest);
    expect(other).toEqual(one);
    expect(new Set(recipes.map(({ condition }) => condition.id)).size).toBe(2);
  });

  it('L16: says which files count, where parameters.json does', () => {
    const id = 'a'.repeat(64);
    const code = { ...ingredients, parameters: { ...parameters, code: ['src'] }, codeId: id };
    expect(parameters.conditions.map((one) => made(code, one).source.code)).toEqual([
      { paths: ['src'], id },
      { paths: ['src'], id },
    ]);
  });

  it('is what a receipt takes', () => {
    const hash = 'b'.repeat(64);
    const [condition] = parameters.conditions;
    if (!condition) throw new Error('no condition');
    const full = made(
      {
        ...ingredients,
        parameters: { ...parameters, code: ['src'] },
        codeId: hash,
        inputs: { mnist: { ...inputs.mnist, hash }, large: { ...inputs.mnist, hash: null } },
      },
      condition,
    );
    for (const recipe of [...recipes, full]) {
      const { experiment, condition } = recipe;
      const receipt = receiptOf('', { recipe, experiment: experiment.name, condition: condition.id });
      expect(receiptProblems(receipt)).toEqual([]);
    }
  });
});
