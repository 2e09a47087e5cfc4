import { describe, expect, it } from 'vitest';
import { conditionFromText } from '../../../src/experiment/condition.js';
import { planDeployment, withoutGood } from '../../../src/operations/deploy/plan.js';
import { summaryOf } from '../../../src/runs/index-file.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { receiptOf, recipeOf } from '../../support/receipts.js';

const same = 'f'.repeat(64);
const other = 'e'.repeat(64);

/** One past run of the condition; a later one has a later id. */
interface Past {
  readonly state: RunRecord['state'];
  readonly fingerprint?: string;
  /** It belongs to the deployment that this one adds to. */
  readonly deployed?: boolean;
  /** `stop` ended it. */
  readonly byStop?: boolean;
  /** It ran on the live tree. */
  readonly onLiveTree?: boolean;
}

interface Case {
  readonly name: string;
  readonly past: readonly Past[];
  readonly live?: boolean;
  readonly force?: boolean;
  readonly retryFailed?: boolean;
  readonly retryStopped?: boolean;
  /** The condition is named by the person. */
  readonly named?: boolean;
  /** null: it runs. */
  readonly skips: string | null;
}

const failed: Past = { state: 'failed', deployed: true };
const lost: Past = { state: 'lost', deployed: true };
const stopped: Past = { state: 'stopped', deployed: true };
const stoppedBefore: Past = { state: 'stopped', byStop: true };
const tried: Past = { state: 'succeeded', onLiveTree: true };
const running: Past = { state: 'running', deployed: true };
const succeeded: Past = { state: 'succeeded', deployed: true };

const cases: readonly Case[] = [
  { name: 'never ran', past: [], skips: null },
  { name: 'succeeded with all the same', past: [{ state: 'succeeded' }], skips: 'succeeded already' },
  { name: 'succeeded with other code', past: [{ state: 'succeeded', fingerprint: other }], skips: null },
  { name: 'succeeded on the live tree', past: [{ state: 'succeeded', onLiveTree: true }], skips: null },
  {
    name: 'succeeded, then failed',
    past: [{ state: 'succeeded' }, { state: 'failed' }],
    skips: 'succeeded already',
  },
  { name: 'succeeded, forced', past: [{ state: 'succeeded' }], force: true, skips: null },
  { name: 'failed before', past: [{ state: 'failed' }], skips: null },
  { name: 'failed in an ended deployment', past: [failed], skips: null },
  {
    name: 'failed in the live deployment',
    past: [failed],
    live: true,
    skips: 'failed in the live deployment',
  },
  { name: 'lost in the live deployment', past: [lost], live: true, skips: 'failed in the live deployment' },
  { name: 'failed in the live deployment, forced', past: [failed], live: true, force: true, skips: null },
  { name: 'runs', past: [running], live: true, skips: 'in the live deployment' },
  { name: 'runs, forced', past: [running], live: true, force: true, skips: 'in the live deployment' },
  {
    name: 'waits',
    past: [{ state: 'pending', deployed: true }],
    live: true,
    skips: 'in the live deployment',
  },
  { name: 'N11: stopped in the live deployment', past: [stopped], live: true, skips: 'stopped' },
  { name: 'N11: stopped in an ended deployment', past: [stopped], skips: 'stopped' },
  { name: 'N11: stopped in a terminated deployment', past: [stoppedBefore], skips: 'stopped' },
  { name: 'ended by terminate', past: [{ state: 'stopped' }], skips: null },
  { name: 'stopped, tried here, not run again', past: [stopped, tried], skips: 'stopped' },
  { name: 'stopped, run again, failed', past: [stoppedBefore, { state: 'failed' }], skips: null },
  { name: 'succeeded, then stopped', past: [{ state: 'succeeded' }, stopped], skips: 'succeeded already' },
  { name: 'stopped, forced', past: [stopped], force: true, skips: null },
  { name: 'stopped, and named', past: [stopped], named: true, skips: null },
  { name: 'retry: stopped, with --retry-stopped', past: [stopped], retryStopped: true, skips: null },
  { name: 'retry: stopped before', past: [stoppedBefore], retryStopped: true, skips: null },
  { name: 'retry: failed, with --retry-stopped', past: [failed], retryStopped: true, skips: 'not stopped' },
  { name: 'retry: stopped, with both', past: [stopped], retryFailed: true, retryStopped: true, skips: null },
  {
    name: 'retry: succeeded, with both',
    past: [succeeded],
    retryFailed: true,
    retryStopped: true,
    skips: 'neither failed nor stopped',
  },
  { name: 'stopped and runs again', past: [stopped, running], live: true, skips: 'in the live deployment' },
  { name: 'succeeded in the live deployment', past: [succeeded], live: true, skips: 'succeeded already' },
  { name: 'retry: failed', past: [failed], retryFailed: true, skips: null },
  { name: 'retry: lost', past: [lost], retryFailed: true, skips: null },
  { name: 'retry: failed, and again', past: [failed, failed], retryFailed: true, skips: null },
  {
    name: 'retry: failed, then succeeded',
    past: [failed, succeeded],
    retryFailed: true,
    skips: 'not failed',
  },
  {
    name: 'retry: failed and runs again',
    past: [failed, running],
    retryFailed: true,
    live: true,
    skips: 'not failed',
  },
  { name: 'retry: stopped', past: [stopped], retryFailed: true, skips: 'not failed' },
  {
    name: 'retry: failed outside of the deployment',
    past: [{ state: 'failed' }],
    retryFailed: true,
    skips: 'not failed',
  },
  { name: 'retry: never ran', past: [], retryFailed: true, skips: 'not failed' },
];

describe('planDeployment', () => {
  it.each(cases)('$name', (one) => {
    const { past, live = false, force = false, named = false, skips } = one;
    const retry = { failed: one.retryFailed ?? false, stopped: one.retryStopped ?? false };
    const condition = conditionFromText('--lr 1');
    const runs = past.map(({ state, fingerprint = same, onLiveTree = false }, index) => {
      const { source, ...recipe } = recipeOf('--lr 1');
      const id = `2026112${index}-120000000-${condition.id}`;
      const live = { ...recipe, source: { ...source, live: onLiveTree } };
      return summaryOf(receiptOf('--lr 1', { id, state, fingerprint, recipe: live }));
    });
    const deployed = new Set(runs.filter((_, index) => past[index]?.deployed).map(({ id }) => id));
    const stopped = new Set(runs.filter((_, index) => past[index]?.byStop).map(({ id }) => id));
    // A run of another condition says nothing of this one.
    const others = [summaryOf(receiptOf('--lr 2', { fingerprint: same }))];
    const planned = planDeployment({
      conditions: [condition],
      fingerprints: () => [same],
      runs: [...others, ...runs],
      ...{ deployed, stopped, live, force, retry },
      named: new Set(named ? [condition.id] : []),
    });
    expect(planned).toEqual(
      skips === null ? { run: [condition], skip: [] } : { run: [], skip: [{ condition, why: skips }] },
    );
  });

  it('takes what has a success that is still good out of what runs', () => {
    const [one, other] = ['1', '2'].map(conditionFromText);
    if (!one || !other) throw new Error('no conditions');
    const planned = withoutGood({ run: [one, other], skip: [] }, new Set([one.id]));
    expect(planned).toEqual({ run: [other], skip: [{ condition: one, why: 'succeeded already' }] });
  });

  it('keeps the order of the conditions', () => {
    const conditions = ['3', '1', '2'].map(conditionFromText);
    const facts = {
      fingerprints: () => [same],
      ...{ deployed: new Set<string>(), stopped: new Set<string>(), named: new Set<string>() },
      live: false,
      force: false,
      retry: { failed: false, stopped: false },
    };
    const runs = [summaryOf(receiptOf('1', { fingerprint: same }))];
    const { run, skip } = planDeployment({ ...facts, conditions, runs });
    expect(run.map(({ options }) => options)).toEqual(['3', '2']);
    expect(skip.map(({ condition }) => condition.options)).toEqual(['1']);
  });
});
