import { describe, expect, it } from 'vitest';
import { conditionFromText } from '../../../src/experiment/condition.js';
import { attemptsBefore, lastBegun } from '../../../src/operations/deploy/continue.js';
import type { Continued } from '../../../src/recipe/recipe.js';
import { summaryOf } from '../../../src/runs/index-file.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { receiptOf, recipeOf } from '../../support/receipts.js';

const [same, other] = ['f'.repeat(64), 'e'.repeat(64)];
const condition = conditionFromText('--lr 1');
const deployment = '20261120120000-abcdef';
const idOf = (second: number) => `20261120-12000${second}000-${condition.id}`;

describe('L15: what an attempt goes on from', () => {
  it.each<[string, Partial<RunRecord>[], number | null]>([
    ['nothing', [], null],
    ['one that failed', [{ state: 'failed' }], 0],
    ['one that was stopped, and one that is lost', [{ state: 'stopped' }, { state: 'lost' }], 1],
    ['none that runs', [{ state: 'failed' }, { state: 'running' }], null],
    ['none that succeeded', [{ state: 'failed' }, { state: 'succeeded' }], null],
    ['none of other code or arguments', [{ state: 'failed', fingerprint: other }], null],
    ['not one of `run`', [{ state: 'failed' }, { state: 'failed', deployment: null }], 0],
  ])('%s', (_, runs, expected) => {
    const summaries = runs.map((changes, second) =>
      summaryOf(receiptOf('--lr 1', { id: idOf(second), deployment, fingerprint: same, ...changes })),
    );
    const found = attemptsBefore([condition], summaries, () => [same]);
    expect(found.get(condition.id) ?? null).toBe(expected === null ? null : idOf(expected));
  });

  const begun = { running: '2026-11-20T12:00:01Z', fetching: '2026-11-20T12:00:01Z' };
  const record = (second: number, continues: Continued | null, times: RunRecord['times'], text = '--lr 1') =>
    receiptOf(text, {
      id: idOf(second),
      recipe: recipeOf(text, continues ? { continues } : {}),
      ...{ started: null, times },
    });

  it('is the one that has begun last: one that was stopped before passes on what it was given', () => {
    const runs = [
      record(0, { run: 'r', attempt: 4 }, begun),
      record(1, { run: idOf(0), attempt: 5 }, {}),
      record(2, { run: idOf(1), attempt: 5 }, {}),
    ];
    const read = (id: string) => runs.find((run) => run.id === id) ?? null;
    expect(lastBegun(read, idOf(2))).toEqual({ record: runs[0], nth: 4 });
    expect(lastBegun(read, idOf(0))).toEqual({ record: runs[0], nth: 4 });
  });

  it('is none where none began, and none of another condition or in a circle', () => {
    const runs = [
      record(0, null, {}),
      record(1, { run: idOf(2), attempt: 2 }, {}),
      record(2, null, begun, '--lr 2'),
      record(3, { run: idOf(3), attempt: 2 }, {}),
    ];
    const read = (id: string) => runs.find((run) => run.id === id) ?? null;
    for (const second of [0, 1, 3, 9]) expect(lastBegun(read, idOf(second))).toBeNull();
  });
});
