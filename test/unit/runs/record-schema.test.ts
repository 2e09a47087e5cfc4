import { describe, expect, it } from 'vitest';
import { receiptOf, receiptProblems } from '../../support/receipts.js';

describe('the schema of run.json', () => {
  it('takes a sound receipt', () => {
    expect(receiptProblems(receiptOf('--lr 1'))).toEqual([]);
    const failed = {
      state: 'failed',
      reason: 'build',
      exit_code: null,
      started: null,
      finished: null,
    } as const;
    expect(receiptProblems(receiptOf('', failed))).toEqual([]);
  });

  const sound = receiptOf('--lr 1');
  const { user: _, ...withoutUser } = sound;
  const recipe = (changes: object) => ({ ...sound, recipe: { ...sound.recipe, ...changes } });

  const withoutImage = { ...sound, image: { id: null, base: [] } };

  it('takes a success of a plain process, which has no image', () => {
    const engine = { name: 'process', version: 'Linux 6.1' };
    expect(receiptProblems({ ...withoutImage, engine })).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a key more', { ...sound, extra: 1 }],
    ['a key more inside', { ...sound, machine: { ...sound.machine, extra: 1 } }],
    ['a key less', withoutUser],
    ['a key more in the recipe', recipe({ extra: 1 })],
    ['no arguments in the recipe', recipe({ condition: { id: sound.condition, parameters: '{}' } })],
    ['the version before', { ...sound, schema: 1 }],
    ['the version after', { ...sound, schema: 3 }],
    ['a local time', { ...sound, created: '2026-11-20T12:00:00+01:00' }],
    ['a state that is none', { ...sound, state: 'done' }],
    ['a success without an end', { ...sound, finished: null }],
    ['a success in a container without an image', withoutImage],
    ['a success without an image or an engine', { ...withoutImage, engine: null }],
    ['a success with a reason', { ...sound, reason: 'exit' }],
    ['a failure without a reason', { ...sound, state: 'failed', exit_code: 1 }],
    ['a secret with its value', recipe({ secrets: ['KEY=value'] })],
    ['a relative input', recipe({ inputs: { mnist: { path: '../data', id: null } } })],
    ['an index for an id', { ...sound, condition: '1' }],
    ['no object', 'a text'],
  ])('refuses %s', (_name, value) => {
    expect(receiptProblems(value)).not.toEqual([]);
  });
});
