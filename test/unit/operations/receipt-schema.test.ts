import { describe, expect, it } from 'vitest';
import { receiptProblems } from '../../support/receipt.js';
import { recordOf } from '../../support/records.js';

describe('the schema of run.json', () => {
  it('takes a sound receipt', () => {
    expect(receiptProblems(recordOf('--lr 1'))).toEqual([]);
    const failed = {
      state: 'failed',
      reason: 'build',
      exit_code: null,
      started: null,
      finished: null,
    } as const;
    expect(receiptProblems(recordOf('', failed))).toEqual([]);
  });

  const sound = recordOf('--lr 1');
  const { user: _, ...withoutUser } = sound;

  it.each<[string, unknown]>([
    ['a key more', { ...sound, extra: 1 }],
    ['a key more inside', { ...sound, machine: { ...sound.machine, extra: 1 } }],
    ['a key less', withoutUser],
    ['another version', { ...sound, schema: 2 }],
    ['a local time', { ...sound, created: '2026-11-20T12:00:00+01:00' }],
    ['a state that is none', { ...sound, state: 'done' }],
    ['a success without an end', { ...sound, finished: null }],
    ['a success with a reason', { ...sound, reason: 'exit' }],
    ['a failure without a reason', { ...sound, state: 'failed', exit_code: 1 }],
    ['a secret with its value', { ...sound, secrets: ['KEY=value'] }],
    ['a relative input', { ...sound, inputs: { mnist: '../data' } }],
    ['an index for an id', { ...sound, condition: '1' }],
    ['no object', 'a text'],
  ])('refuses %s', (_name, value) => {
    expect(receiptProblems(value)).not.toEqual([]);
  });
});
