import { describe, expect, it } from 'vitest';
import { type CleanRequest, toClean } from '../../../src/history/cleaning.js';
import type { RunRow } from '../../../src/runs/rows/row.js';

const row = (run: string, changes: Partial<RunRow> = {}): RunRow =>
  ({
    ...{ run, condition: run.slice(0, 1), state: 'succeeded', created: '2026-01-01T00:00:00Z' },
    ...{ continues: null, came_from: null },
    ...changes,
  }) as RunRow;

const all: CleanRequest = { before: null, states: [], keepLast: 0, best: new Set() };

const chosen = (
  rows: RunRow[],
  request: Partial<CleanRequest> = {},
  live: string[] = [],
  inputs: string[] = [],
) => {
  const needed = { live: new Set(live), inputs: new Set(inputs) };
  const { rows: found, kept } = toClean(rows, rows, needed, { ...all, ...request });
  return [found.map(({ run }) => run).join(' '), Object.fromEntries(kept)];
};

describe('runs that may give their files up', () => {
  it('have ended, and belong to no live deployment', () => {
    const rows = [row('a1'), row('b1', { state: 'running' }), row('c1'), row('d1', { state: 'unreadable' })];
    expect(chosen(rows, {}, ['c1'])).toEqual(['a1', { 'has not ended': 1, 'of the live deployment': 1 }]);
  });

  it('are those to which no other run refers, also if it is asked for', () => {
    const rows = [row('a1'), row('b1'), row('a2', { continues: 'a1' }), row('b2', { came_from: 'b1' })];
    expect(chosen(rows)).toEqual(['a2 b2', { 'another run refers to it': 2 }]);
  });

  it('are no inputs of others', () => {
    expect(chosen([row('a1'), row('b1')], {}, [], ['a1'])).toEqual(['b1', { 'an input of another run': 1 }]);
  });

  it('are of that age and state', () => {
    const rows = [
      row('a1', { state: 'failed' }),
      row('b1', { created: '2026-02-01T00:00:00Z', state: 'failed' }),
      row('c1'),
      row('d1', { created: null, state: 'failed' }),
    ];
    expect(chosen(rows, { before: new Date('2026-01-15'), states: ['failed', 'lost'] })).toEqual(['a1', {}]);
  });

  it('are not among the newest of their condition, nor among the best', () => {
    const rows = [row('a1'), row('a2'), row('b1'), row('a3')];
    expect(chosen(rows, { keepLast: 2 })).toEqual(['a1', { 'among the last': 3 }]);
    expect(chosen(rows, { best: new Set(['a2', 'b1']) })).toEqual(['a1 a3', { 'among the best': 2 }]);
  });
});
