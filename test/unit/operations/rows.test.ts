import { describe, expect, it } from 'vitest';
import type { JobState } from '../../../src/machines/job-state.js';
import {
  allSucceeded,
  currentRuns,
  isOfSweep,
  judged,
  type Known,
  placeNameOf,
  progressOf,
  rowsOf,
} from '../../../src/operations/look/rows.js';
import type { Deployment } from '../../../src/runs/deployment.js';
import type { RunRecord } from '../../../src/runs/record.js';
import {
  deploymentOf,
  jobOf,
  pending,
  placeOf,
  recordFor,
  reportOf,
  rowOf,
  running,
  silenceOf,
} from '../../support/deployments.js';
import { stateFor } from '../../support/job-states.js';

const now = new Date('2026-11-20T12:10:00Z');
const released = '2026-11-20T12:09:00Z';
const deployment = deploymentOf([placeOf('gpu1'), placeOf('gpu2')], [jobOf('a', 'gpu1'), jobOf('b', 'gpu2')]);
const current = (...records: RunRecord[]) => new Map(records.map((record) => [record.condition, record]));

const listed = (...ids: string[]) => ids.map((id) => ({ id, argv: [`--${id}`], parameters: '{}' }));

const rows = (changes: Partial<Known> = {}) =>
  rowsOf({
    deployment,
    inFile: listed('a', 'b'),
    current: current(recordFor('a', running), recordFor('b', pending)),
    heard: new Map(),
    ended: new Map(),
    silent: [],
    held: new Map(),
    now,
    ...changes,
  });

/** What a runner says. */
const state = (changes: Partial<JobState>): JobState =>
  stateFor('a', {
    started: '2026-11-20T12:00:01Z',
    times: { running: '2026-11-20T12:00:01Z' },
    ...changes,
  });

const success = state({ state: 'succeeded', exit_code: 0, finished: '2026-11-20T12:05:00Z' });

describe('rowsOf', () => {
  it('has those of the file first, in its order, then deployed ones, then those that `run` tried', () => {
    const { conditions } = rows({
      inFile: listed('z', 'b'),
      current: current(recordFor('tried', { deployment: null }), recordFor('a'), recordFor('b')),
    });
    expect(
      conditions.map((row) => [row.condition, row.record?.id, row.deployed, row.inFile, isOfSweep(row)]),
    ).toEqual([
      ['z', undefined, false, true, true],
      ['b', 'run-b', true, true, true],
      ['a', 'run-a', true, false, true],
      ['tried', 'run-tried', false, false, false],
    ]);
  });

  it('brings receipts up to date by what runners say', () => {
    const report = reportOf('a', { state: success, lastLine: 'done' });
    const { conditions, live } = rows({ heard: new Map([['run-a', report]]) });
    expect(conditions[0]).toMatchObject({ record: { state: 'succeeded', exit_code: 0 }, report });
    expect(conditions[1]).toMatchObject({ record: { state: 'pending' }, report: null });
    expect(live).toBe(true);
  });

  it('leaves a receipt as it is where a runner says nothing of its job', () => {
    const { conditions } = rows({ heard: new Map([['run-a', reportOf('a', { full: true })]]) });
    expect(conditions[0]?.record).toEqual(recordFor('a', running));
    expect(conditions[0]?.report?.full).toBe(true);
  });

  it.each<[string, Partial<Known>, Partial<RunRecord>]>([
    [
      'counts where no runner can tell',
      { ended: new Map([['run-a', { state: 'lost', reason: 'spot' }]]) },
      {
        state: 'lost',
        reason: 'spot',
        times: { ...recordFor('a').times, lost: now.toISOString() },
      },
    ],
    [
      'counts after what a runner said last',
      {
        heard: new Map([['run-a', reportOf('a', { state: state({}) })]]),
        ended: new Map([['run-a', { state: 'failed', reason: 'deadline' }]]),
      },
      {
        state: 'failed',
        reason: 'deadline',
        slot: '1',
        times: { running: '2026-11-20T12:00:01Z', failed: now.toISOString() },
      },
    ],
    [
      'does not where a runner saw the end',
      {
        heard: new Map([['run-a', reportOf('a', { state: success })]]),
        ended: new Map([['run-a', { state: 'lost', reason: 'gone' }]]),
      },
      { state: 'succeeded', reason: null },
    ],
    [
      'does not where the receipt has an end',
      {
        current: current(recordFor('a')),
        ended: new Map([['run-a', { state: 'lost', reason: 'gone' }]]),
      },
      recordFor('a'),
    ],
  ])('a target’s word on an end %s', (_, known, record) => {
    expect(rows(known).conditions[0]?.record).toMatchObject(record);
  });

  it('T12: one that had begun and has no folder there any more is lost; one that has not arrived is not', () => {
    const heard = new Map(['a', 'b'].map((id) => [`run-${id}`, reportOf(id, { missing: true })] as const));
    expect(rows({ heard }).conditions.map(({ record }) => [record?.state, record?.reason])).toEqual([
      ['lost', 'gone'],
      ['pending', null],
    ]);
    const ended = current(recordFor('a', { state: 'failed', reason: 'exit' }), recordFor('b', pending));
    expect(rows({ heard, current: ended }).conditions[0]?.record?.state).toBe('failed');
  });

  it('a place’s silence is that of its jobs which have yet to end', () => {
    const silent = [silenceOf('gpu1', now), silenceOf('gpu2', now)];
    const tried = recordFor('t', { ...running, deployment: null });
    const { conditions } = rows({ silent, current: current(recordFor('a', running), recordFor('b'), tried) });
    expect(conditions.map((row) => row.silent?.place ?? null)).toEqual(['gpu1', null, null]);
    expect(rows({ silent }).silent).toEqual(silent);
  });

  it.each<[string, Partial<Known>, boolean]>([
    ['a job of it has yet to end', {}, true],
    ['all have ended', { current: current(recordFor('a'), recordFor('b')) }, false],
    ['it is released', { deployment: { ...deployment, released } }, false],
    ['there is none', { deployment: null }, false],
    [
      'what has yet to end is of `run` alone',
      { current: current(recordFor('a'), recordFor('b'), recordFor('t', running)) },
      false,
    ],
    ['there are no receipts of its jobs', { current: new Map() }, false],
  ])('live where %s', (_, known, live) => {
    expect(rows(known).live).toBe(live);
  });
});

describe('what a deployment is judged by', () => {
  const status = (...conditions: ReturnType<typeof rowOf>[]) => ({
    ...{ deployment, live: true, silent: [] },
    conditions,
  });
  const failed = { state: 'failed', reason: 'exit', exit_code: 1 } as const;

  it.each<[string, ReturnType<typeof rowOf>, boolean]>([
    ['deployed and in the file', rowOf('a', {}), true],
    ['deployed, running, no longer in the file', rowOf('a', running, { inFile: false }), true],
    ['deployed, ended, no longer in the file', rowOf('a', failed, { inFile: false }), false],
    ['never deployed', rowOf('a', null, { deployed: false }), false],
    ['tried by `run`', rowOf('a', failed, { deployed: false }), false],
  ])('%s', (_, row, is) => {
    expect(judged(status(row))).toEqual(is ? [row] : []);
  });

  it('how many of how many have ended', () => {
    const all = status(rowOf('a', {}), rowOf('b', running), rowOf('c', null, { deployed: false }));
    expect(progressOf(all)).toEqual({ ended: 1, of: 2 });
    expect(progressOf(status())).toEqual({ ended: 0, of: 0 });
  });

  it('all succeeded, or not', () => {
    expect(allSucceeded(status(rowOf('a', {}), rowOf('b', failed, { deployed: false })))).toBe(true);
    expect(allSucceeded(status(rowOf('a', {}), rowOf('b', failed)))).toBe(false);
    expect(allSucceeded(status(rowOf('a', running)))).toBe(false);
  });

  it('the place of a row, if it has one', () => {
    expect(placeNameOf(status(), rowOf('b', {}))).toBe('gpu2');
    expect(placeNameOf(status(), rowOf('b', { id: 'run-tried' }))).toBe('');
    expect(placeNameOf(status(), rowOf('b', null))).toBe('');
    expect(placeNameOf({ ...status(), deployment: null }, rowOf('b', {}))).toBe('');
  });
});

describe('currentRuns: what `run` tried meanwhile hides no job of a deployment', () => {
  const tried = recordFor('a', { id: 'run-tried', deployment: null });
  const [collected, here] = [{ collected: released }, [placeOf('gpu1', { here: true }), placeOf('gpu2')]];

  it.each<[string, Deployment | null, readonly RunRecord[], string]>([
    ['of which one runs', deployment, [recordFor('a'), recordFor('b', running)], 'run-a'],
    ['of which one has not been collected', deployment, [recordFor('a', collected), recordFor('b')], 'run-a'],
    ['whose own has not been collected', deployment, [recordFor('a'), recordFor('b', collected)], 'run-a'],
    ['unless all is here', deployment, [recordFor('a', collected), recordFor('b', collected)], 'run-tried'],
    [
      'which on this computer it is at once',
      { ...deployment, places: here },
      [recordFor('a'), recordFor('b', collected)],
      'run-tried',
    ],
    ['unless it is released', { ...deployment, released }, [recordFor('a', running)], 'run-tried'],
    ['unless there is none', null, [], 'run-tried'],
    ['unless it has no receipt', deployment, [recordFor('b', running)], 'run-tried'],
  ])('%s', (_, of, own, expected) => {
    const byRun = new Map(own.map((record) => [record.id, record]));
    const newest = new Map([
      ['a', tried],
      ...own.slice(1).map((one): [string, RunRecord] => [one.condition, one]),
    ]);
    const runs = currentRuns(newest, of, (run) => byRun.get(run) ?? null);
    expect(runs.get('a')?.id).toBe(expected);
  });

  it('judges a condition by its last job', () => {
    const again = deploymentOf(
      [placeOf('gpu1')],
      [jobOf('a', 'gpu1'), jobOf('a', 'gpu1', { run: 'run-a2' })],
    );
    const second = recordFor('a', { ...running, id: 'run-a2' });
    const records = new Map([recordFor('a'), second].map((record) => [record.id, record]));
    expect(currentRuns(new Map(), again, (run) => records.get(run) ?? null).get('a')).toEqual(second);
  });
});
