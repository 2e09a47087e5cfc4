import { describe, expect, it } from 'vitest';
import { finishedPlaces, inTheWay } from '../../../src/operations/end/give-back.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { deploymentOf, jobOf, placeOf, recordFor, rentedOf, running } from '../../support/deployments.js';

const collected = '2026-11-20T12:05:00Z';
const failed = { state: 'failed', exit_code: 1, collected } as const;

/** Of each place one job, named after it; null: it has no receipt. */
const jobs: Readonly<Record<string, Partial<RunRecord> | null>> = {
  'collected-one': { collected },
  'not-collected': {},
  working: running,
  'failed-one': { ...failed, reason: 'exit' },
  refused: { ...failed, reason: 'capacity' },
  'without-receipt': null,
  gone: { collected },
  'a-host': { collected },
};
const places = [
  ...['collected-one', 'not-collected', 'working', 'failed-one', 'refused', 'without-receipt', 'idle'].map(
    (name) => rentedOf(name),
  ),
  rentedOf('gone', { released: '2026-11-20T12:06:00Z' }),
  placeOf('a-host'),
];
const deployment = deploymentOf(
  places,
  Object.keys(jobs).map((name) => jobOf(name, name)),
);
const recordOf = (run: string) => {
  const name = run.replace('run-', '');
  const changes = jobs[name];
  return changes ? recordFor(name, changes) : null;
};

describe('finishedPlaces', () => {
  const finished = (keepFailed: boolean) =>
    finishedPlaces(deployment, recordOf, keepFailed).map(({ name }) => name);

  it('are the rented ones whose jobs have ended and are here', () => {
    expect(finished(false)).toEqual(['collected-one', 'failed-one', 'refused']);
  });

  it('leave those of failed jobs to a person who wants to look', () => {
    expect(finished(true)).toEqual(['collected-one', 'refused']);
  });

  it('wait for the last of several jobs', () => {
    const two = deploymentOf([rentedOf('m')], [jobOf('collected-one', 'm'), jobOf('working', 'm')]);
    expect(finishedPlaces(two, recordOf, false)).toEqual([]);
  });
});

describe('inTheWay', () => {
  it('are rented places of these names that exist', () => {
    const before = deploymentOf(
      [
        rentedOf('exists'),
        rentedOf('not-yet', { rented: { exists: false } }),
        rentedOf('gone', { released: '2026-11-20T12:06:00Z' }),
        rentedOf('other'),
        placeOf('host'),
      ],
      [],
    );
    expect([...inTheWay(before, new Set(['exists', 'not-yet', 'gone', 'host', 'new']))]).toEqual(['exists']);
  });
});
