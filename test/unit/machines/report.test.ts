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
  it('reads the end of a log, in which line breaks are NUL', () => {
    const outputOf = (line: string) => parseReport(`job /one\n${line}\nlog last\n`).jobs[0];
    expect(outputOf('output end half\0loss=1\0')).toEqual({
      ...{ ...job, folder: '/one', lastLine: 'last' },
      output: { text: 'half\nloss=1\n', isWhole: false },
    });
    expect(outputOf('output whole ')?.output).toEqual({ text: '', isWhole: true });
    expect(outputOf('output')?.output).toEqual({ text: '', isWhole: false });
    expect(outputOf(`output end ${'x'.repeat(3_000_000)}`)?.output?.text).toHaveLength(1_048_576);
  });

  it('reads what the runner says of each job', () => {
    const text = [
      'stalled',
      'held start 3',
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
      held: { why: 'start', failures: 3 },
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
    expect(parseReport(text)).toEqual({ held: null, ...report });
  });
});

describe('T13: a report of a machine that is broken or hostile', () => {
  const report = (...lines: string[]) => parseReport(lines.join('\n')).jobs;
  const stateLine = (changes: object) => `state ${JSON.stringify({ ...state, ...changes })}`;
  const ended = {
    state: 'succeeded',
    exit_code: 0,
    started: '2026-11-20T11:00:01.123456789Z',
    finished: '2026-11-20T11:00:02Z',
    times: Object.fromEntries(
      ['pending', 'running', 'succeeded'].map((name) => [name, '2026-11-20T11:00:00Z']),
    ),
  };

  it('takes a sound end', () => {
    expect(report('job /runs/one', stateLine(ended))[0]?.state?.state).toBe('succeeded');
  });

  it('takes an end without an image where jobs are plain processes', () => {
    const plain = { ...ended, container: null, image: null, engine: { name: 'process', version: '1' } };
    expect(report('job /runs/one', stateLine(plain))[0]?.state?.container).toBeNull();
    expect(report('job /runs/one', stateLine({ ...plain, engine: undefined }))[0]?.state).toBeNull();
  });

  it.each<[string, string]>([
    ['times: null', stateLine({ times: null })],
    ['times that are a list', stateLine({ times: [] })],
    ['a time of no state', stateLine({ times: { done: '2026-11-20T11:00:00Z' } })],
    ['a time that is none', stateLine({ times: { pending: 'yesterday' } })],
    ['times with a prototype', stateLine({}).replace('"times":{', '"times":{"__proto__":{},')],
    ['a state that is none', stateLine({ state: 'done' })],
    ['an inherited name for a state', stateLine({ state: 'toString' })],
    ['a state that is missing', 'state {}'],
    ['null', 'state null'],
    ['a list', 'state [1]'],
    ['a number for the machine', stateLine({ machine: 1 })],
    ['no machine', stateLine({ machine: '' })],
    ['an exit code in words', stateLine({ exit_code: '0' })],
    ['an exit code out of range', stateLine({ exit_code: 1e9 })],
    ['an image that is none', stateLine({ image: 'latest' })],
    ['a huge name', stateLine({ container: 'x'.repeat(100_000) })],
    ['a huge state', stateLine({ more: 'x'.repeat(2_000_000) })],
    ['a reason that is prose', stateLine({ state: 'failed', reason: 'It failed.\u001b[2J' })],
    ['a failure without a reason', stateLine({ state: 'failed' })],
    ['a success with an exit code', stateLine({ ...ended, exit_code: 1 })],
    ['a success without an end', stateLine({ ...ended, finished: null })],
    ['a success without an image', stateLine({ ...ended, image: null })],
    ['an engine that is a text', stateLine({ engine: 'docker' })],
    ['too many GPUs', stateLine({ gpu_names: Array(1000).fill('H100') })],
    ['a base without an id', stateLine({ base: [{ name: 'debian', digests: [] }] })],
  ])('has no state where it says %s, and the others stand', (_, line) => {
    const [first, second] = report('job /runs/one', line, 'log x', 'job /runs/two', stateLine({}));
    expect(first).toEqual({ ...job, lastLine: 'x' });
    expect(second?.state).toEqual(state);
  });

  it('takes what newer runners say of the engine, the base and the GPUs', () => {
    const more = {
      engine: { name: 'podman', version: '5.3.1' },
      base: [{ name: 'debian', id: `sha256:${'2'.repeat(64)}`, digests: ['debian@sha256:1'] }],
      gpu_names: ['NVIDIA H100'],
      driver: '570.86.15',
      news: 'of tomorrow',
    };
    expect(report('job /runs/one', stateLine(more))[0]?.state).toEqual({ ...state, ...more });
  });

  it('L17: shows the others where one is NaN', () => {
    expect(
      parseReport('job /runs/one\nmeasure {"loss":NaN}\nsummary {"a": 0.9, "b": -Infinity}').jobs,
    ).toEqual([{ ...job, measure: { loss: Number.NaN }, summary: { a: 0.9, b: Number.NEGATIVE_INFINITY } }]);
  });

  it('shows measures that are plain objects of some depth and size, and no others', () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    for (const value of [
      'null',
      '3',
      '"x"',
      '[{"loss":1}]',
      deep,
      JSON.stringify({ a: 'x'.repeat(2 ** 21) }),
    ])
      expect(report('job /runs/one', `measure ${value}`, `summary ${value}`)).toEqual([job]);
    const series = JSON.stringify({ losses: Array.from({ length: 1000 }, (_, n) => ({ n })) });
    expect(report('job /runs/one', `summary ${series}`)[0]?.summary).toEqual(JSON.parse(series));
  });

  it('cuts lines of logs and leaves out what no sound report has', () => {
    expect(report('job /runs/one', `log ${'x'.repeat(10_000_000)}`)[0]?.lastLine).toHaveLength(4096);
    expect(parseReport(`${'\n'.repeat(2_000_000)}stalled`).stalled).toBe(false);
  });
});
