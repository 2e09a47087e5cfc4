import { describe, expect, it } from 'vitest';
import { type End, endByProblem, endOfRun, endOfSweep, variablesOf } from '../../../src/cli/end-notice.js';
import type { RunState } from '../../../src/machines/job-state.js';
import { deploymentOf, rowOf } from '../../support/deployments.js';
import { receiptOf } from '../../support/receipts.js';

const of = { verb: 'deploy', experiment: 'digits', folder: '/experiment' } as const;

const sweep = (...states: RunState[]) =>
  endOfSweep(of, {
    deployment: { ...deploymentOf([], []), experiment: 'digits', message: 'why' },
    live: false,
    conditions: states.map((state) => rowOf('a', { state })),
    silent: [],
  });

const said = (end: End) => {
  const { LOGISTICIAN_STATUS: status, LOGISTICIAN_SUMMARY: summary } = variablesOf(end);
  return [status, summary];
};

describe('what the line of notify has in its environment', () => {
  it.each<[string, End, string, string]>([
    ['all succeeded', sweep('succeeded', 'succeeded'), 'succeeded', 'digits: 2 of 2 succeeded'],
    [
      'some did not',
      sweep('succeeded', 'failed', 'failed', 'lost', 'stopped'),
      'failed',
      'digits: 1 of 5 succeeded, 2 failed, 1 stopped, 1 lost',
    ],
    [
      'it could not go on',
      endByProblem(of, new Error('No network.\nMore of it')),
      'error',
      'digits: deploy failed: No network.',
    ],
    [
      'a run that failed',
      endOfRun(
        { ...of, verb: 'run' },
        receiptOf('--lr 1', { state: 'failed', reason: 'exit', exit_code: 3 }),
      ),
      'failed',
      `digits: failed with exit code 3: ${receiptOf('--lr 1').condition}`,
    ],
  ])('%s', (_, end, status, summary) => {
    expect(said(end)).toEqual([status, summary]);
  });

  it('is the same set of variables each time, and counts', () => {
    const one = variablesOf(sweep('succeeded', 'failed', 'failed'));
    expect(one).toMatchObject({
      ...{ LOGISTICIAN_CONDITIONS: '3', LOGISTICIAN_SUCCEEDED: '1', LOGISTICIAN_FAILED: '2' },
      ...{ LOGISTICIAN_LOST: '0', LOGISTICIAN_MESSAGE: 'why', LOGISTICIAN_RUN: '' },
    });
    const other = variablesOf(endByProblem(of, new Error('x')));
    expect(Object.keys(other)).toEqual(Object.keys(one));
    expect(Object.values({ ...one, ...other }).every((value) => typeof value === 'string')).toBe(true);
  });
});
