import { describe, expect, it } from 'vitest';
import { hiddenRuns } from '../../../src/operations/look/older-results.js';
import { summaryOf } from '../../../src/runs/index-file.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { receiptOf, recipeOf } from '../../support/receipts.js';

const now = 'f'.repeat(64);
const before = 'e'.repeat(64);

const runAt = (minute: number, changes: Partial<RunRecord> = {}) => {
  const record = receiptOf('--lr 1', { fingerprint: now, ...changes });
  return { ...record, id: `20261120-120${minute}00000-${record.condition}` };
};

describe('N10: an older result that a row hides', () => {
  const live = { ...recipeOf('--lr 1'), source: { ...recipeOf('--lr 1').source, live: true } };
  const shown = runAt(5);

  it.each<[string, readonly RunRecord[], number | null]>([
    ['none', [], null],
    ['of the same code', [runAt(1)], null],
    ['of other code, the newest', [runAt(1, { fingerprint: before }), runAt(2, { fingerprint: before })], 1],
    ['of other code, failed', [runAt(1, { fingerprint: before, state: 'failed' })], null],
    ['of the live tree', [runAt(1, { fingerprint: before, recipe: live })], null],
    ['that is newer', [runAt(7, { fingerprint: before })], null],
  ])('%s', (_, others, place) => {
    const row = { condition: shown.condition, record: shown };
    const found = hiddenRuns([...others, shown].map(summaryOf), [row, { condition: 'never', record: null }]);
    expect([...found]).toEqual(place === null ? [] : [[shown.condition, others[place]?.id]]);
  });
});
