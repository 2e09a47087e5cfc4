import { describe, expect, it } from 'vitest';
import { goalOf } from '../../../src/history/best.js';
import { bestOf } from '../../../src/operations/look/best.js';
import { rowFor } from '../../support/rows.js';

describe('the best of what runs have measured', () => {
  const rows = [
    rowFor('--lr 1', { summary: { note: 'x', accuracy: 0.8, loss: 1 } }),
    rowFor('--lr 2', { summary: { accuracy: 0.9, loss: 2 }, changes: { state: 'running' } }),
    rowFor('--lr 3', { summary: { accuracy: 1 } }),
    rowFor('--lr 4', { values: { val_loss: 3 } }),
  ];
  const best = (places: readonly number[], objective: Parameters<typeof bestOf>[0]['objective'] = null) =>
    bestOf({ rows, objective }, new Set(places.map((at) => rows[at]?.run ?? '')));

  it('is the largest of the first number, or the smallest of a loss', () => {
    expect(best([0, 1])).toEqual({
      name: 'accuracy',
      value: 0.9,
      goal: 'maximize',
      condition: rows[1]?.condition,
      run: rows[1]?.run,
    });
    expect(best([3])).toMatchObject({ name: 'val_loss', value: 3, goal: 'minimize' });
  });

  it('goes by the objective', () => {
    expect(best([0, 1], { name: 'loss', goal: 'maximize' })).toMatchObject({ name: 'loss', value: 2 });
    expect(best([0, 1], { name: 'lost', goal: 'maximize' })).toBe(null);
  });

  it('is none where nothing was measured', () => {
    expect(best([])).toBe(null);
    expect(bestOf({ rows: [rowFor('--lr 1')], objective: null }, new Set())).toBe(null);
  });

  it.each([
    ['loss', 'minimize'],
    ['val/nll', 'minimize'],
    ['test_error', 'minimize'],
    ['RMSE', 'minimize'],
    ['accuracy', 'maximize'],
    ['glossary', 'maximize'],
    ['terror', 'maximize'],
  ])('%s: %s', (name, goal) => {
    expect(goalOf(name)).toBe(goal);
  });
});
