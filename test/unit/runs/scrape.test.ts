import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seriesLines, valueAt } from '../../../src/runs/measures/at-step.js';
import { Scraper } from '../../../src/runs/measures/scrape.js';
import { logIn, readRows } from '../../../src/runs/rows/read-rows.js';
import { RunStore } from '../../../src/runs/store.js';
import { writeRun } from '../../support/history.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
beforeEach(() => {
  scratch = scratchFolder();
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const columns = (text: string | Buffer, metrics: Record<string, string>, end?: number) => {
  writeFileSync(join(scratch, 'log'), text);
  const found = new Scraper(metrics).log(join(scratch, 'log'), end);
  const all = Object.entries(found?.series.columns ?? {}).map(([name, { n, last, min }]) => [
    name,
    n,
    last,
    min,
  ]);
  return { all, n: found?.series.n, problem: found?.problem };
};

describe('"metrics"', () => {
  const metrics = { loss: 'loss=(\\S+)', accuracy: '\\d+\\.\\d+ %', step: 'epoch (\\d+)' };

  it('are found in a log, by the first group or the whole', () => {
    const text = 'start\nepoch 1 loss=2.5\nepoch 2 loss=1e-1 accuracy 97.5 %\nepoch 3 loss=nan\n';
    expect(columns(text, metrics)).toEqual({
      all: [
        ['loss', 3, Number.NaN, 0.1],
        ['step', 3, 3, 1],
        ['accuracy', 1, '97.5 %', null],
      ],
      n: 3,
      problem: null,
    });
  });

  it('are found in what progress bars write over', () => {
    expect(columns('loss=3\rloss=2\rloss=1\n', { loss: 'loss=(.)' }).all).toEqual([['loss', 3, 1, 1]]);
  });

  it('are none where there is no log, and none of a text that is no expression', () => {
    expect(new Scraper(metrics).log(join(scratch, 'none'))).toBeNull();
    expect(columns('loss=3\n', { loss: '(' })).toEqual({ all: [], n: 0, problem: null });
    expect(columns(Buffer.from([0, 255, 10]), metrics).all).toEqual([]);
  });

  it('of a long log are those of its end, which is said', () => {
    const text = `loss=9\n${'x\n'.repeat(1000)}loss=1\n`;
    expect(columns(text, { loss: 'loss=(.)' }, 100)).toEqual({
      all: [['loss', 1, 1, null]],
      n: 1,
      problem: 'only its end is read',
    });
  });

  it('of an end begin behind its first part, which may be half of a number', () => {
    const text = 'loss=15\nloss=25\rloss=35\n';
    // It begins behind `loss=1`.
    expect(columns(text, { loss: '(\\d+)' }, text.length - 6).all).toEqual([['loss', 2, 35, null]]);
    expect(columns('loss=15\rloss=25', { loss: '(\\d+)' }, 9).all).toEqual([['loss', 1, 25, null]]);
  });

  it('are the same in a file and in what a machine has reported of it', () => {
    const text = 'epoch 1 loss=2\rloss=3\n\nepoch 2\nloss=nan accuracy 3.5 %';
    writeFileSync(join(scratch, 'log'), text);
    const scraper = new Scraper(metrics);
    expect(scraper.end({ text, isWhole: true })).toEqual(scraper.log(join(scratch, 'log')));
    const end = { text: text.slice(-40), isWhole: false };
    expect(scraper.end(end)).toEqual(scraper.log(join(scratch, 'log'), 40));
  });

  it('have values at steps: by a step that is printed, or as the so many-th of their name', () => {
    const log = (text: string, asked: Record<string, string>) => {
      writeFileSync(join(scratch, 'log'), text);
      return { scraper: new Scraper(asked), path: join(scratch, 'log') };
    };
    const at = (name: string, step: number, source: ReturnType<typeof log>) =>
      valueAt(join(scratch, 'data'), { series: 'log', column: name, step }, source);
    const steps = log('epoch 10\nloss=3\nloss=2\nepoch 20 loss=1\n', metrics);
    expect([10, 20, 1].map((step) => at('loss', step, steps))).toEqual([2, 1, undefined]);
    const count = log('loss=3\naccuracy 1.5 %\nloss=2\n', { loss: 'loss=(.)', accuracy: '(\\S+) %' });
    expect([1, 2, 3].map((step) => at('loss', step, count))).toEqual([3, 2, undefined]);
    expect(at('accuracy', 1, count)).toBe(1.5);
  });

  it('have another name where the job has written a series called log', () => {
    const files = { 'logs/docker.txt': 'loss=3\n', 'measures/log.jsonl': '{"loss": 7}\n' };
    const id = writeRun(scratch, '--lr 1', 0, { files });
    const store = new RunStore(scratch);
    const scraper = new Scraper({ loss: 'loss=(.)' });
    const [row] = readRows(store, scratch, { scraper, pathOf: () => logIn(store.pathOf(id)) });
    expect(
      Object.entries(row?.series ?? {}).map(([name, { columns }]) => [name, columns.loss?.last]),
    ).toEqual([
      ['log', 7],
      ['metrics', 3],
    ]);
    const lines = (series: string) =>
      seriesLines(join(store.pathOf(id), 'data'), series, { scraper, path: logIn(store.pathOf(id)) });
    expect([...lines('log'), ...lines('metrics')].map((line) => line.get('loss'))).toEqual([7, 3]);
  });

  it('that take for ever are given up, which is said', { timeout: 30_000 }, () => {
    writeRun(scratch, '--lr 1', 0, { files: { 'logs/docker.txt': `${'a'.repeat(60)}!\n` } });
    const store = new RunStore(scratch);
    const logs = { scraper: new Scraper({ a: '^(a+)+$' }), pathOf: (id: string) => logIn(store.pathOf(id)) };
    expect(readRows(store, scratch, logs)[0]?.problems).toEqual([expect.stringMatching(/takes too long/)]);
    // Another time it may not: it is looked at again.
    expect(existsSync(join(store.folder, '.rows.jsonl'))).toBe(false);
    expect(readRows(store, scratch, logs)[0]?.problems).toHaveLength(1);
  });

  it('make a series of each run, and make it again when they change', () => {
    writeRun(scratch, '--lr 1', 0, { files: { 'logs/docker.txt': 'loss=3 a=7\nloss=2\n' } });
    const store = new RunStore(scratch);
    const rows = (asked = {}) =>
      readRows(store, scratch, { scraper: new Scraper(asked), pathOf: (id) => logIn(store.pathOf(id)) })[0]
        ?.series;
    expect(rows()).toEqual({});
    expect(rows({ loss: 'loss=(.)' })?.log?.columns.loss).toMatchObject({ n: 2, last: 2, min: 2, max: 3 });
    expect(readFileSync(join(scratch, 'runs', '.rows.jsonl'), 'utf8')).toContain('loss=(.)');
    expect(Object.keys(rows({ a: 'a=(.)' })?.log?.columns ?? {})).toEqual(['a']);
    expect(rows()).toEqual({});
  });
});
