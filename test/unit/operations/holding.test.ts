import { describe, expect, it } from 'vitest';
import { heldLines } from '../../../src/cli/held-view.js';
import { limitsOf, NothingWaits, resumed } from '../../../src/operations/deploy/limits.js';
import { failedRuns, heldPlaces, isHeld, toHold, withHeld } from '../../../src/operations/look/holding.js';
import type { ConditionStatus, ExperimentStatus } from '../../../src/operations/look/rows.js';
import type { Deployment } from '../../../src/runs/deployment.js';
import {
  deploymentOf,
  jobOf,
  pending,
  placeOf,
  rentedOf,
  reportOf,
  rowOf,
  running,
} from '../../support/deployments.js';
import { stateFor } from '../../support/job-states.js';

const places = [placeOf('gpu1'), placeOf('gpu2')];
const jobs = [jobOf('a', 'gpu1'), jobOf('b', 'gpu1'), jobOf('c', 'gpu2'), jobOf('d', 'gpu2')];
const start = { why: 'start', failures: 3 } as const;

const waits = (condition: string, changes: Partial<ConditionStatus> = {}) =>
  rowOf(condition, pending, {
    report: reportOf(condition, { state: stateFor(condition, { state: 'pending' }) }),
    ...changes,
  });

const statusOf = (
  conditions: readonly ConditionStatus[],
  changes: Partial<Deployment> = {},
): ExperimentStatus => ({
  deployment: deploymentOf(places, jobs, changes),
  live: true,
  conditions,
  silent: [],
});

const missing = (name: string, changes = {}) => placeOf(name, { rented: { exists: false }, ...changes });

const failed = (condition: string) => rowOf(condition, { state: 'failed' });

describe('N19: what is held', () => {
  it('is said by machine, with how many wait there, and why', () => {
    const status = statusOf([
      failed('a'),
      waits('b', { held: start }),
      waits('c', { held: { why: 'failures', failures: 2 } }),
      waits('d', { held: { why: 'failures', failures: 2 } }),
    ]);
    expect(heldPlaces(status).map(({ place, waiting }) => [place, waiting])).toEqual([
      ['gpu1', 1],
      ['gpu2', 2],
    ]);
    expect(heldLines(status)).toEqual([
      '1 job on gpu1 waits for another deploy: 3 in a row could not be started there.',
      '2 jobs on gpu2 wait for another deploy: 2 have failed (--max-failures).',
    ]);
    expect(isHeld(status)).toBe(true);
  });

  it.each([
    ['a job runs', [failed('a'), rowOf('b', running), waits('c', { held: start })]],
    ['a job waits elsewhere', [waits('b', { held: start }), waits('c')]],
    ['all have ended', [failed('a')]],
  ])('the deployment goes on by itself where %s', (what, conditions) => {
    expect(isHeld({ live: what !== 'all have ended', conditions })).toBe(false);
  });
});

describe('--max-failures on several machines', () => {
  const two = [failed('a'), rowOf('b', { state: 'lost' }), waits('c'), waits('d')];

  it('holds the others once those of all together are too many', () => {
    const status = statusOf(two, { max_failures: 2 });
    const found = toHold(status);
    expect(found).toEqual({ places: new Set(['gpu2']), failures: 2 });
    const held = withHeld(status, new Set(['gpu2']), 2);
    expect(held.conditions.map((row) => row.held?.failures)).toEqual([undefined, undefined, 2, 2]);
    expect(toHold(held)).toBeNull();
  });

  it.each([
    ['there is no limit', {}],
    ['there are fewer', { max_failures: 3 }],
    ['they were before the last deploy', { max_failures: 2, forgiven: ['run-a'] }],
  ])('and not where %s', (_, changes) => {
    expect(toHold(statusOf(two, changes))).toBeNull();
  });

  it('is the deployment’s until another is named, and counts from the last deploy on', () => {
    const status = statusOf(two, { max_failures: 2 });
    const joins = status.deployment;
    const again = { maxFailures: null };
    expect(failedRuns(status)).toEqual(['run-a', 'run-b']);
    expect(limitsOf(status, joins, again)).toEqual({ max_failures: 2, forgiven: ['run-a', 'run-b'] });
    expect(limitsOf(status, joins, { ...again, onlyDelivers: true })).toEqual({
      max_failures: 2,
      forgiven: [],
    });
    expect(limitsOf(status, null, { maxFailures: 4 })).toEqual({ max_failures: 4, forgiven: [] });
    expect(limitsOf(status, null, again)).toEqual({});
  });

  it('another deploy has those go on that are held, or all where the limit is another', () => {
    const status = statusOf([failed('a'), waits('b', { held: start }), waits('c')], { max_failures: 2 });
    const joins = status.deployment;
    expect(resumed(status, joins, { maxFailures: null })).toEqual(new Set(['gpu1']));
    expect(resumed(status, joins, { maxFailures: 2 })).toEqual(new Set(['gpu1']));
    expect(resumed(status, joins, { maxFailures: 5 })).toEqual(new Set(['gpu1', 'gpu2']));
    expect(resumed(status, joins, { maxFailures: null, onlyDelivers: true })).toEqual(new Set());
    expect(resumed(status, null, { maxFailures: 5 })).toEqual(new Set());
    expect(new NothingWaits('aws', 3, 2)).toMatchObject({ exit: 2 });
  });

  it('rents no machine for the others where each job has one of its own', () => {
    const machines = [rentedOf('a'), rentedOf('b'), missing('c'), missing('d', { released: 'then' })];
    const own = [jobOf('a', 'a'), jobOf('b', 'b'), jobOf('c', 'c'), jobOf('d', 'd')];
    const status: ExperimentStatus = {
      deployment: deploymentOf(machines, own, { max_failures: 1 }),
      live: true,
      conditions: [failed('a'), waits('b'), rowOf('c', pending), rowOf('d', pending)],
      silent: [],
    };
    expect(toHold(status)).toEqual({ places: new Set(['c', 'd']), failures: 1 });
    const held = withHeld(status, new Set(['c', 'd']), 1);
    expect(held.conditions.map((row) => row.held !== null)).toEqual([false, false, true, true]);
    expect(heldLines(held)).toEqual(['2 jobs wait for another deploy: 1 has failed (--max-failures).']);
    expect(isHeld(held)).toBe(false);
    expect(
      isHeld({ ...held, conditions: held.conditions.filter(({ condition }) => condition !== 'b') }),
    ).toBe(true);
    expect(resumed(held, held.deployment, { maxFailures: null })).toEqual(new Set());
    expect(toHold({ ...status, deployment: deploymentOf(machines, own) })).toBeNull();
  });
});
