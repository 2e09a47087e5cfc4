import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { jobsToCollect, judgeCollected, problemsOf } from '../../../src/operations/end/choose.js';
import type { RunRecord } from '../../../src/runs/record.js';
import {
  collectedOf,
  deploymentOf,
  jobOf,
  pending,
  placeOf,
  recordFor,
  running,
  silenceOf,
} from '../../support/deployments.js';

const job = jobOf('a', 'gpu1');
const deployment = deploymentOf(
  [placeOf('gpu1'), placeOf('gpu2'), placeOf('laptop', { here: true })],
  [job, jobOf('b', 'gpu2'), jobOf('c', 'laptop')],
);

describe('jobsToCollect', () => {
  const chosen = (changes: Partial<Parameters<typeof jobsToCollect>[0]> = {}) =>
    jobsToCollect({
      ...{ deployment, wanted: null, silent: [], isComplete: () => false },
      recordOf: (run) => recordFor(run.replace('run-', '')),
      ...changes,
    });
  const names = (...of: Parameters<typeof chosen>) => chosen(...of).map(({ condition }) => condition);

  it('are all of which something may not be here', () => {
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(names({ wanted: new Set(['run-b']) })).toEqual(['b']);
    expect(names({ silent: [silenceOf('gpu1', new Date())] })).toEqual(['b', 'c']);
    expect(names({ isComplete: ({ id }) => id === 'run-c' })).toEqual(['a', 'b']);
  });

  it.each<[string, Partial<RunRecord> | null, { whole: boolean; began: boolean }]>([
    ['ended', {}, { whole: true, began: true }],
    ['running', running, { whole: false, began: true }],
    [
      'fetching its source',
      { ...pending, state: 'fetching', times: { fetching: '2026-11-20T12:00:01Z' } },
      { whole: false, began: true },
    ],
    ['waiting', { ...pending, times: {} }, { whole: false, began: false }],
    [
      'stopped while it waited',
      { ...pending, state: 'stopped', reason: 'user', times: {} },
      { whole: true, began: false },
    ],
    ['without a receipt', null, { whole: false, began: false }],
  ])('one that is %s', (_, record, expected) => {
    const recordOf = () => record && recordFor('a', record);
    expect(chosen({ wanted: new Set(['run-a']), recordOf })).toMatchObject([expected]);
  });
});

describe('T12: a run counts as collected only if it was seen to arrive', () => {
  const judge = (
    changes: Parameters<typeof collectedOf>[1],
    { arrived = false, lost = false, at = job } = {},
  ) => {
    const runs = (is: boolean) => new Set(is ? [at.run] : []);
    const judgement = judgeCollected(deployment, [collectedOf(at, changes)], {
      arrived: runs(arrived),
      lost: runs(lost),
    });
    return judgement.collected.length > 0 ? 'collected' : judgement.lost.length > 0 ? 'lost' : 'neither';
  };

  it.each<[string, Parameters<typeof collectedOf>[1], Parameters<typeof judge>[1], string]>([
    ['it arrived', {}, { arrived: true }, 'collected'],
    ['nothing was seen: its copy failed, or its place said nothing', {}, {}, 'neither'],
    ['its folder there is gone', {}, { lost: true }, 'lost'],
    ['it arrived before its folder went', {}, { arrived: true, lost: true }, 'collected'],
    ['it has not ended, and all that it has so far arrived', { whole: false }, { arrived: true }, 'neither'],
    ['it has not ended, and its folder is gone', { whole: false }, { lost: true }, 'neither'],
    ['it never began, so that there is nothing to arrive', { began: false }, {}, 'collected'],
    ['it never began, and its place is gone', { began: false }, { lost: true }, 'neither'],
    ['it ran here: what it left is here', {}, { arrived: true, at: jobOf('c', 'laptop') }, 'neither'],
  ])('%s', (_, changes, seen, expected) => {
    expect(judge(changes, seen)).toBe(expected);
  });
});

describe('problemsOf', () => {
  const failed = [{ place: 'gpu2', problem: new UserError('rsync') }];
  const silent = [silenceOf('gpu1', new Date())];

  it('tells of silent places of the runs that are asked for, and of all that went wrong', () => {
    const of = (wanted: ReadonlySet<string> | null) =>
      problemsOf(deployment.jobs, wanted, silent, failed).map(({ place }) => place);
    expect(of(null)).toEqual(['gpu1', 'gpu2']);
    expect(of(new Set(['run-a']))).toEqual(['gpu1', 'gpu2']);
    expect(of(new Set(['run-b']))).toEqual(['gpu2']);
  });
});
