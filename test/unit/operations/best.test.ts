import { describe, expect, it } from 'vitest';
import { bestOf, goalOf } from '../../../src/operations/look/best.js';

const run = (
  condition: string,
  summary: Record<string, unknown> | null,
  measure: Record<string, unknown> | null = null,
) => ({
  condition,
  run: `run-${condition}`,
  summary,
  measure,
});

describe('the best of what runs have measured', () => {
  it('is the largest of the first number, or the smallest of a loss', () => {
    const runs = [run('a', { note: 'x', accuracy: 0.8, loss: 1 }), run('b', { accuracy: 0.9, loss: 2 })];
    expect(bestOf(runs)).toMatchObject({
      name: 'accuracy',
      value: 0.9,
      goal: 'max',
      condition: 'b',
      run: 'run-b',
    });
    const losses = [run('a', { val_loss: 3 }), run('b', null, { val_loss: 2 }), run('c', { other: 1 })];
    expect(bestOf(losses)).toMatchObject({ name: 'val_loss', value: 2, goal: 'min', condition: 'b' });
  });

  it('is none where nothing was measured, or no number', () => {
    expect(bestOf([])).toBe(null);
    expect(bestOf([run('a', null), run('b', { accuracy: Number.NaN, note: 'x' })])).toBe(null);
  });

  it.each([
    ['loss', 'min'],
    ['val/nll', 'min'],
    ['test_error', 'min'],
    ['RMSE', 'min'],
    ['accuracy', 'max'],
    ['glossary', 'max'],
    ['f1', 'max'],
  ])('%s: %s', (name, goal) => {
    expect(goalOf(name)).toBe(goal);
  });
});
