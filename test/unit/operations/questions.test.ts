import { describe, expect, it } from 'vitest';
import type { JobReport } from '../../../src/machines/job-state.js';
import { type Asking, isSettled, questionsOf } from '../../../src/operations/look/questions.js';
import type { RunRecord } from '../../../src/runs/record.js';
import {
  deploymentOf,
  jobOf,
  pending,
  placeOf,
  recordFor,
  reportOf,
  running,
} from '../../support/deployments.js';

const collected = '2026-11-20T12:05:00Z';
const left = [{ place: 'gpu2', folder: '/gpu2/run-a' }];

interface Case {
  /** null: none that can be read. */
  readonly record: Partial<RunRecord> | null;
  readonly here?: boolean;
  /** Its collected results exist here. Left out: they do. */
  readonly kept?: boolean;
  readonly moved?: boolean;
  /** Its end was heard a moment ago. */
  readonly heard?: boolean;
  readonly collects?: boolean;
  readonly asks: boolean;
}

describe('questionsOf', () => {
  it.each<[string, Case]>([
    ['one that waits', { record: pending, asks: true }],
    ['one that runs', { record: running, asks: true }],
    ['one that runs here', { record: running, here: true, asks: true }],
    ['one without a receipt', { record: null, asks: true }],
    ['one that has ended elsewhere and is not here', { record: {}, asks: true }],
    ['one that was collected', { record: { collected }, asks: false }],
    ['one whose collected results were deleted here', { record: { collected }, kept: false, asks: true }],
    ['one that has ended here', { record: {}, here: true, asks: false }],
    ['one whose end was heard', { record: running, heard: true, asks: false }],
    ['the same, to collect it', { record: running, heard: true, collects: true, asks: true }],
    ['the same here', { record: running, heard: true, collects: true, here: true, asks: false }],
    ['the same, collected', { record: { collected }, heard: true, collects: true, asks: false }],
    ['one that was moved, though collected', { record: { collected }, moved: true, asks: true }],
    [
      'one that was moved and whose end was heard',
      { record: running, moved: true, heard: true, asks: false },
    ],
  ])(
    '%s',
    (_, { record, here = false, kept = true, moved = false, heard = false, collects = false, asks }) => {
      const job = jobOf('a', 'gpu1', moved ? { moved_from: left } : {});
      const deployment = deploymentOf([placeOf('gpu1', { here })], [job]);
      const asking: Asking = {
        ended: new Map<string, JobReport>(heard ? [['run-a', reportOf('a')]] : []),
        collects,
        about: () => true,
      };
      const { open, asked } = questionsOf(
        deployment,
        () => record && recordFor('a', record),
        () => kept,
        asking,
      );
      expect(open).toEqual(asks ? [job] : []);
      expect(asked).toEqual(open);
    },
  );

  it('asks only about those that matter, and says which others are open', () => {
    const jobs = ['a', 'b'].map((name) => jobOf(name, name));
    const deployment = deploymentOf([placeOf('a'), placeOf('b')], jobs);
    const { open, asked } = questionsOf(
      deployment,
      () => null,
      () => true,
      { ended: new Map(), collects: false, about: ({ place }) => place === 'b' },
    );
    expect([open, asked]).toEqual([jobs, jobs.slice(1)]);
  });
});

describe('isSettled', () => {
  it.each<[string, Partial<RunRecord>, boolean, boolean, boolean]>([
    ['running here', running, false, true, false],
    ['ended here', {}, false, false, true],
    ['ended elsewhere', {}, true, true, false],
    ['collected', { collected }, true, true, true],
    ['collected and deleted', { collected }, true, false, false],
  ])('%s', (_, record, elsewhere, isHere, settled) => {
    expect(isSettled(recordFor('a', record), elsewhere, () => isHere)).toBe(settled);
  });
});
