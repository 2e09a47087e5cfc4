import { describe, expect, it } from 'vitest';
import { linesAtEnd } from '../../../src/cli/deploy-view.js';
import { textOf } from '../../../src/cli/suggestions.js';
import type { ConditionStatus } from '../../../src/operations/look/rows.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { receiptOf } from '../../support/receipts.js';

const row = (state: RunRecord['state']): ConditionStatus => {
  const record = receiptOf('--lr 1', { state });
  const { condition } = record;
  return { condition, record, report: null, deployed: true, inFile: true, silent: null };
};

const deployment = {
  schema: 2 as const,
  id: 'd',
  experiment: 'e1',
  experiment_path: '',
  target: 'local',
  commit: 'c'.repeat(40),
  source_id: '',
  created: '',
  released: null as string | null,
  places: [],
  docker: 'docker',
  parameters_file: '{}',
  jobs: [],
};

describe('linesAtEnd', () => {
  it.each([
    [['succeeded'], null, ['status', 'terminate']],
    [['succeeded'], '2026-11-20T12:10:00Z', ['status']],
    [['failed', 'lost'], null, ['logs', 'deploy --retry-failed --only a', 'status', 'terminate']],
    [['stopped'], null, ['deploy --commit cccccccccc --only a', 'status', 'terminate']],
    [
      ['stopped', 'failed'],
      '2026-11-20T12:10:00Z',
      ['logs', 'deploy --retry-failed --only a', 'deploy --commit cccccccccc --only a', 'status'],
    ],
  ] as const)('after %j, released %s: %j', (states, released, lines) => {
    const status = {
      deployment: { ...deployment, released },
      live: released === null,
      conditions: states.map(row),
      silent: [],
    } as const;
    const shown = linesAtEnd(status, ['--only', 'a']).map((line) => textOf(line, ''));
    expect(shown).toEqual(lines.map((line) => `logistician ${line}`));
  });
});
