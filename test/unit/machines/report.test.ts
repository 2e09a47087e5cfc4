import { describe, expect, it } from 'vitest';
import type { JobState } from '../../../src/machines/job-state.js';
import { parseReport } from '../../../src/machines/parse-report.js';

const state: JobState = {
  run: 'run-1',
  state: 'running',
  reason: null,
  exit_code: null,
  slot: '1',
  gpus: null,
  container: 'logistician-run-1',
  image: `sha256:${'1'.repeat(64)}`,
  machine: 'gpu1',
  boot: '1',
  started: null,
  finished: null,
  kept: null,
  times: { pending: '2026-11-20T11:00:00Z' },
};

const job = {
  folder: '/runs/one',
  state: null,
  orphan: false,
  full: false,
  lastLine: '',
  measure: null,
  summary: null,
};

describe('parseReport', () => {
  it('reads what the runner says of each job', () => {
    const text = [
      'stalled',
      'job /runs/one with spaces',
      `state ${JSON.stringify(state)}`,
      'orphan',
      'log epoch 3:  loss 0.1',
      'measure {"loss":0.1}',
      'summary {"accuracy":0.9} ',
      'job /runs/two',
      '',
    ].join('\n');
    expect(parseReport(text)).toEqual({
      stalled: true,
      jobs: [
        {
          folder: '/runs/one with spaces',
          state,
          orphan: true,
          full: false,
          lastLine: 'epoch 3:  loss 0.1',
          measure: { loss: 0.1 },
          summary: { accuracy: 0.9 },
        },
        { ...job, folder: '/runs/two' },
      ],
    });
  });

  it.each([
    ['nothing', '', { stalled: false, jobs: [] }],
    ['lines of no job', 'state {}\nlog x\nmotd of the machine\n', { stalled: false, jobs: [] }],
    ['half a state', 'job /runs/one\nstate {"run":', { stalled: false, jobs: [job] }],
    ['what is no object', 'job /runs/one\nmeasure 3\nsummary [1]', { stalled: false, jobs: [job] }],
    ['unknown kinds', 'job /runs/one\nnews of tomorrow', { stalled: false, jobs: [job] }],
    ['an empty last line', 'job /runs/one\nlog ', { stalled: false, jobs: [job] }],
    [
      'a log that looks like a report',
      'job /runs/one\nlog job /x',
      { stalled: false, jobs: [{ ...job, lastLine: 'job /x' }] },
    ],
  ])('makes the best of %s', (_, text, report) => {
    expect(parseReport(text)).toEqual(report);
  });
});
