import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { statusView as drawStatus, type View } from '../../../src/cli/status-view.js';
import { green, present, wantsColors } from '../../../src/cli/style.js';
import { UserError } from '../../../src/errors.js';
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
  const given = record.recipe.condition;
  return {
    condition: record.condition,
    given,
    record,
    report,
    deployed: true,
    inFile: true,
    silent: null,
    held: null,
  };
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
  it('says why a deployment was made, where that was said', () => {
    const why = { ...status(row('--lr 1')), deployment: { ...deployment, message: 'a base\nline' } };
    expect(statusView(why, view())).toContain('(commit cccccccccc on local, "a base line")');
    expect(statusView(status(row('--lr 1')), view())).toContain('(commit cccccccccc on local)');
  });

  it('has a row a condition, and sums up', () => {
    const never: ConditionStatus = {
      condition: 'lr-3-0000000000',
      given: { argv: ['--lr', '3'], parameters: '{}' },
      record: null,
      report: null,
      deployed: false,
      inFile: true,
      silent: null,
      held: null,
    };
    const text = statusView(status(row('--lr 1', {}, 'done'), row('--lr 2', fail, 'bad'), never), view());
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^CONDITION +lr +STATE +TIME +AGE +LAST LINE$/);
    expect(lines[1]).toMatch(/^lr-1-[0-9a-f]{10} +1 +succeeded +2s +10m +done$/);
    expect(lines[2]).toMatch(/^lr-2-[0-9a-f]{10} +2 +failed \(exit 7\) +2s +10m +bad$/);
    expect(lines[3]).toBe('lr-3-0000000000  3   not run');
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
    if (typeof shown === 'string') expect(`${line} `).toContain(` ${shown} `);
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

  const sweep = [0.1, 0.01].flatMap((lr) =>
    [1, 2].map((seed) => {
      const done = row(`--epochs 40 --lr ${lr} --seed ${seed}`, {}, `epoch 40 of 40, accuracy ${lr * seed}`);
      return { ...done, report: { ...done.report, summary: { accuracy: 0.953712345, loss: lr * seed } } };
    }),
  ) as ConditionStatus[];

  it('N1: has a column for each argument that varies and each measure, whole, from 60 columns on', () => {
    for (const width of [60, 80, 140, 200, Number.POSITIVE_INFINITY]) {
      const [head, first] = statusView(status(...sweep), view({ width })).split('\n');
      expect(head).toMatch(/^CONDITION +lr +seed +STATE .*accuracy +loss/);
      expect(head).not.toMatch(/epochs|MACHINE|COMMIT/);
      expect(first).toMatch(/ 0\.1 +1 +succeeded .*0\.9537 +0\.1/);
    }
    expect(statusView(status(...sweep), view({ width: 80 }))).toMatch(/^epochs-40-lr-0-1-seed-1-a3/m);
    expect(statusView(status(...sweep), view({ width: 70 }))).toMatch(/^epochs-40-lr-0-1-seed-1 /m);
    expect(statusView(status(...sweep), view({ width: Number.POSITIVE_INFINITY }))).not.toContain('…');
  });

  it('N1: says which measures had no room', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`measure_${index}`, index / 7]));
    const wide = sweep.map(
      (one) => ({ ...one, report: { ...one.report, summary: many } }) as ConditionStatus,
    );
    const text = statusView(status(...wide), view());
    expect(text).toContain('measure_0');
    expect(text).toMatch(/^No room for: measure_\d, .*measure_8\. Widen/m);
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  });

  it('N1: tells the unreachable machine in the row, before the last line', () => {
    const running = { state: 'running', exit_code: null, finished: null } as const;
    const silence = {
      place: 'gpu2',
      since: new Date('2026-11-20T12:09:00Z'),
      problem: new UserError('gpu2 does not answer.'),
      canStart: false,
    };
    const [one, ...others] = sweep;
    const silent = {
      ...row('--lr 5', { ...running, machine: { ...receiptOf('').machine, name: 'gpu2' } }),
      silent: silence,
    };
    const text = statusView(
      { ...status(one as ConditionStatus, silent, ...others), silent: [silence] },
      view({ width: 60 }),
    );
    expect(text).toMatch(/^lr-5.* running, unreachable .*gpu2/m);
    expect(text).toContain('gpu2 does not answer. That was 1m ago: its jobs are shown as');
  });

  it('N10: has the commit by the row where it differs', () => {
    const [one, two] = sweep as [ConditionStatus, ConditionStatus];
    const record = two.record as RunRecord;
    const recipe = { ...record.recipe, source: { ...record.recipe.source, commit: 'd'.repeat(40) } };
    const text = statusView(status(one, { ...two, record: { ...record, recipe } }), view({ width: 140 }));
    expect(text).toMatch(/ COMMIT /);
    expect(text).toMatch(/ dddddddddd /);
  });

  it('shows what is running and what went wrong where not all fit, and counts the rest', () => {
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

  it('has what "metrics" finds beside a summary, which comes first', () => {
    const metrics = { loss: 2, accuracy: 7 };
    const report = { metrics, measure: { ...metrics, step: 3 }, summary: { accuracy: 0.5 } } as never;
    const status = { deployment: null, live: false, silent: [], conditions: [{ ...row('--lr 1'), report }] };
    expect(statusView(status, view())).toMatch(/accuracy +loss[\s\S]* 0\.5 +2$/m);
    expect(statusView(status, view())).not.toContain('step');
  });

  it('has the objective first of the measures, also where a summary does not have it', () => {
    const report = (measure: object, summary: object | null) => ({ report: { measure, summary } as never });
    const rows = status(
      { ...row('--lr 1'), ...report({ reward: 5 }, { accuracy: 1 }) },
      { ...row('--lr 2'), ...report({ reward: 7 }, null) },
    );
    expect(statusView(rows, view({ objective: 'reward' })).split('\n')[0]).toMatch(/ reward +accuracy/);
    expect(statusView(rows, view()).split('\n')[0]).toMatch(/ accuracy +reward/);
  });
});
