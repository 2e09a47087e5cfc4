import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scrape } from '../../../src/runs/measures/scrape.js';
import { readRows } from '../../../src/runs/rows/read-rows.js';
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
  const found = scrape(join(scratch, 'log'), metrics, end);
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
    expect(scrape(join(scratch, 'none'), metrics)).toBeNull();
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

  it('that take for ever are given up, which is said', { timeout: 30_000 }, () => {
    expect(columns(`${'a'.repeat(60)}!\n`, { a: '^(a+)+$' }).problem).toMatch(/takes too long/);
  });

  it('make a series of each run, and make it again when they change', () => {
    writeRun(scratch, '--lr 1', 0, { files: { 'logs/docker.txt': 'loss=3 a=7\nloss=2\n' } });
    const rows = (asked = {}) => readRows(new RunStore(scratch), scratch, asked)[0]?.series;
    expect(rows()).toEqual({});
    expect(rows({ loss: 'loss=(.)' })?.log?.columns.loss).toMatchObject({ n: 2, last: 2, min: 2, max: 3 });
    expect(readFileSync(join(scratch, 'runs', '.rows.jsonl'), 'utf8')).toContain('loss=(.)');
    expect(Object.keys(rows({ a: 'a=(.)' })?.log?.columns ?? {})).toEqual(['a']);
    expect(rows()).toEqual({});
  });
});
