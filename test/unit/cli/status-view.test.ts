import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { statusView as drawStatus, type View } from '../../../src/cli/status-view.js';
import { green, present, wantsColors } from '../../../src/cli/style.js';
import type { ConditionStatus, ExperimentStatus } from '../../../src/operations/look/rows.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { receiptOf } from '../../support/receipts.js';

const view = (changes: Partial<View> = {}): View => ({
  width: 80,
  height: 40,
  now: new Date('2026-11-20T12:10:00Z'),
  ...changes,
});

const statusView = (shown: ExperimentStatus, how: View) => present(drawStatus(shown, how), false);

function row(options: string, changes: Partial<RunRecord> = {}, lastLine = ''): ConditionStatus {
  const record = receiptOf(options, changes);
  const report = {
    folder: '',
    state: null,
    orphan: false,
    full: false,
    lastLine,
    measure: null,
    summary: null,
  };
  return { condition: record.condition, record, report, deployed: true, inFile: true, silent: null };
}

const deployment = {
  schema: 2,
  id: 'd',
  experiment: 'e1',
  experiment_path: '',
  target: 'local',
  commit: 'c'.repeat(40),
  source_id: '',
  created: '',
  released: null,
  places: [],
  docker: 'docker',
  parameters_file: '{}',
  jobs: [],
} as const;

const status = (...conditions: ConditionStatus[]): ExperimentStatus => ({
  deployment,
  live: true,
  conditions,
  silent: [],
});

const fail = { state: 'failed', reason: 'exit', exit_code: 7 } as const;

describe('statusView', () => {
  it('has a row a condition, and sums up', () => {
    const never: ConditionStatus = {
      condition: 'lr-3-0000000000',
      record: null,
      report: null,
      deployed: false,
      inFile: true,
      silent: null,
    };
    const text = statusView(status(row('--lr 1', {}, 'done'), row('--lr 2', fail, 'bad'), never), view());
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^CONDITION +STATE +EXIT +TIME +AGE +LATEST +MACHINE$/);
    expect(lines[1]).toMatch(/^lr-1-[0-9a-f]{10} +succeeded +0 +2s +10m +done +laptop$/);
    expect(lines[2]).toMatch(/^lr-2-[0-9a-f]{10} +failed +7 +2s +10m +bad +laptop$/);
    expect(lines[3]).toBe('lr-3-0000000000  not run');
    expect(lines.at(-1)).toBe('2 of 2 ended: 1 succeeded, 1 failed (commit cccccccccc on local)');
  });

  it.each([
    ['a colour', '\u001b[31mred\u001b[0m', 'red'],
    ['a title', 'x\u001b]0;stolen title\u0007y', 'xy'],
    ['a cleared screen', '\u001b[2J\u001b[Hgone', 'gone'],
    ['a carriage return', 'epoch 1\repoch 2', 'epoch 1 epoch 2'],
    ['a bell, a NUL and a delete', 'a\u0007b\u0000c\u007fd', 'a b c d'],
    ['C1 controls', 'a\u009b31mb', /a.*b/],
    ['an unfinished sequence', 'a\u001b[', /^\S+ .* a/],
    ['a tab', 'a\tb', 'a b'],
  ])('a last line with %s', (_, lastLine, shown) => {
    const text = statusView(status(row('--lr 1', {}, lastLine)), view());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    const line = text.split('\n')[1] ?? '';
    if (typeof shown === 'string') expect(line).toContain(` ${shown} `);
    else expect(line).toMatch(shown);
  });

  it.each([
    ['long', 'x'.repeat(500)],
    ['wide', '漢字😀'.repeat(80)],
    ['hostile', `\u001b[31m${'y\u0000'.repeat(200)}`],
  ])('stays within 80 columns with a %s line, the longest id and the longest state', (_, lastLine) => {
    const longest = row(
      `--${'name'.repeat(20)}`,
      {
        state: 'failed',
        reason: 'container',
        exit_code: 137,
        machine: { ...receiptOf('').machine, name: 'm'.repeat(60) },
      },
      lastLine,
    );
    const report = { ...longest.report, orphan: true, measure: { loss: 0.123456789, epoch: 12 } };
    const text = statusView(status({ ...longest, report } as ConditionStatus, row('', {}, lastLine)), view());
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  });

  it('shows what is at work and what went wrong where not all fit, and counts the rest', () => {
    const many = Array.from({ length: 20 }, (_, index) => row(`--lr ${index}`));
    const running = row('--run', { state: 'running', exit_code: null, finished: null });
    const text = statusView(status(...many, row('--bad', fail), running), view({ height: 3 }));
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/^run-.* running /);
    expect(lines[2]).toMatch(/^bad-.* failed /);
    expect(lines[4]).toBe('… and 19 more');
  });

  it('has colours only where they are wanted', () => {
    expect(present(drawStatus(status(row('')), view()), true)).toContain('\u001b[32msucceeded\u001b[39m');
    expect(present(green('x'), true)).toBe('\u001b[32mx\u001b[39m');
    expect(present(green('x'), false)).toBe('x');
    expect(wantsColors({ isTTY: true }, {})).toBe(true);
    expect(wantsColors({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColors({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColors({}, {})).toBe(false);
    expect(wantsColors({}, { FORCE_COLOR: '1' })).toBe(true);
  });
});
