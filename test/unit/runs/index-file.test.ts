import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBounded } from '../../../src/runs/bounded-file.js';
import { type RunSummary, summaryOf } from '../../../src/runs/index-file.js';
import type { RunRecord } from '../../../src/runs/record.js';
import { runId } from '../../../src/runs/run-id.js';
import { RunStore } from '../../../src/runs/store.js';
import { fixture, receiptOf } from '../../support/receipts.js';
import { scratchFolder } from '../../support/repository.js';

let experiment: string;
let indexPath: string;
const linesOfIndex = () => readFileSync(indexPath, 'utf8').split('\n').slice(0, -1);
const at = (n: number) => new Date(Date.UTC(2026, 10, 20) + n);

/** In memory, where there is such a place: tens of thousands of files take a disk minutes. */
const folder = () => (existsSync('/dev/shm') ? mkdtempSync('/dev/shm/logistician-test-') : scratchFolder());

beforeEach(() => {
  experiment = folder();
  indexPath = join(experiment, 'runs', '.index.jsonl');
});
afterEach(() => {
  const runs = join(experiment, 'runs');
  if (existsSync(runs)) chmodSync(runs, 0o755);
  rmSync(experiment, { recursive: true, force: true });
});

/** A store that counts how often it reads each receipt. */
function counting(): { runs: RunStore; reads: Map<string, number> } {
  const reads = new Map<string, number>();
  const runs = new RunStore(experiment, false, (path) => {
    if (path.endsWith('/run.json')) reads.set(path, (reads.get(path) ?? 0) + 1);
    return readBounded(path);
  });
  return { runs, reads };
}

function add(runs: RunStore, options: string, n: number, changes: Partial<RunRecord> = {}): RunRecord {
  const { condition } = receiptOf(options);
  const record = receiptOf(options, { id: runs.claim(condition, at(n), '{}'), ...changes });
  runs.write(record);
  return record;
}

describe('summaries', () => {
  it('have what planning needs', () => {
    const { runs, reads } = counting();
    const deployment = '20261120120000-0a1b2c';
    const record = add(runs, '--lr 1', 1, { deployment, state: 'failed', reason: 'exit', exit_code: 1 });
    expect(runs.summaries().found).toEqual<RunSummary[]>([
      {
        id: record.id,
        condition: record.condition,
        state: 'failed',
        reason: 'exit',
        fingerprint: record.fingerprint,
        live: false,
        deployment,
        created: record.created,
      },
    ]);
    expect(reads.size).toBe(0);
  });

  it('F5: read each of 10,000 receipts at most once', () => {
    const record = receiptOf('--lr 1');
    const all = Array.from({ length: 10_000 }, (_, n) => runId(record.condition, at(n)));
    for (const id of all) {
      const folder = join(experiment, 'runs', id);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...record, id }));
    }
    for (const expected of [10_000, 0]) {
      const { runs, reads } = counting();
      for (let times = 0; times < 2; times++) expect(runs.summaries().found.map(({ id }) => id)).toEqual(all);
      expect(reads.size).toBe(expected);
      expect(Math.max(0, ...reads.values())).toBeLessThanOrEqual(1);
    }
  });

  it('have receipts of version 0.1, read once', () => {
    const text = fixture('succeeded');
    const folder = join(experiment, 'runs', JSON.parse(text).id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'run.json'), text);
    const { runs, reads } = counting();
    for (let times = 0; times < 3; times++)
      expect(runs.summaries().found).toMatchObject([{ state: 'succeeded', live: false }]);
    expect([...reads.values()]).toEqual([1]);
  });

  it.each<[string, () => void]>([
    ['missing', () => rmSync(indexPath)],
    ['empty', () => truncateSync(indexPath, 0)],
    ['garbage', () => writeFileSync(indexPath, Buffer.alloc(10_000, 0xa7))],
    ['cut off in a line', () => truncateSync(indexPath, 500)],
    ['of other things', () => writeFileSync(indexPath, 'null\n{}\n[]\n7\n{"id":"__proto__"}\n'.repeat(10))],
    ['too large to be one', () => truncateSync(indexPath, 2 ** 28 + 1)],
    [
      'a folder',
      () => {
        rmSync(indexPath);
        mkdirSync(indexPath);
      },
    ],
    [
      'a link to /dev/zero',
      () => {
        rmSync(indexPath);
        symlinkSync('/dev/zero', indexPath);
      },
    ],
    [
      'for reading only',
      () => {
        chmodSync(indexPath, 0o444);
        chmodSync(join(experiment, 'runs'), 0o555);
      },
    ],
  ])('are the same with an index that is %s', (_, change) => {
    const { runs } = counting();
    for (let n = 0; n < 5; n++) add(runs, `--seed ${n}`, n);
    const before = runs.summaries();
    expect(before.found).toHaveLength(5);
    change();
    expect(runs.summaries()).toEqual(before);
    runs.write(receiptOf('--seed 0', { id: before.found[0]?.id ?? '', user: 'other' }));
    expect(new RunStore(experiment).summaries()).toEqual(before);
  });

  it('are not taken from a line whose receipt has changed since, and then from one of its own', () => {
    const { runs, reads } = counting();
    const record = add(runs, '--lr 1', 1);
    add(runs, '--lr 2', 2);
    const path = join(runs.pathOf(record.id), 'run.json');
    const fingerprint = '1'.repeat(64);
    writeFileSync(path, `${JSON.stringify({ ...record, fingerprint }, null, 2)}\n`);
    utimesSync(path, at(5), at(5));
    for (let times = 0; times < 2; times++) expect(runs.summaries().found[0]).toMatchObject({ fingerprint });
    expect([...reads]).toEqual([[path, 1]]);
  });

  it('are compacted once more than half of the lines are of no use', () => {
    const { runs } = counting();
    const records = [1, 2, 3].map((n) => add(runs, `--lr ${n}`, n));
    for (let times = 0; times < 2; times++) for (const record of records.slice(0, 2)) runs.write(record);
    expect(linesOfIndex()).toHaveLength(7);
    const before = runs.summaries();
    expect(linesOfIndex()).toHaveLength(3);
    expect(runs.summaries()).toEqual(before);
    expect(Math.max(...linesOfIndex().map((line) => line.length))).toBeLessThan(512);
  });
});

describe('the index', () => {
  const states = ['pending', 'running', 'failed', 'lost'] as const;
  const operation = fc.oneof(
    fc.record({ do: fc.constant('add' as const), lr: fc.nat(4) }),
    fc.record({ do: fc.constant('write' as const), which: fc.nat(), state: fc.constantFrom(...states) }),
    fc.record({ do: fc.constant('edit' as const), which: fc.nat(), state: fc.constantFrom(...states) }),
    fc.record({ do: fc.constant('break' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('discard' as const), which: fc.nat() }),
    fc.record({ do: fc.constant('summaries' as const) }),
    fc.record({ do: fc.constant('cut' as const), keep: fc.nat(2000) }),
  );

  it('says what the files say, after any change of either, through two stores in turn', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(operation, fc.boolean()), { maxLength: 40 }), (operations) => {
        rmSync(join(experiment, 'runs'), { recursive: true, force: true });
        const stores = [new RunStore(experiment), new RunStore(experiment)] as const;
        const expected = new Map<string, RunRecord | null>();
        let tick = 0;
        for (const [one, first] of operations) {
          tick++;
          const runs = first ? stores[0] : stores[1];
          const id = 'which' in one ? [...expected.keys()][one.which % expected.size] : undefined;
          const known = id === undefined ? undefined : expected.get(id);
          const path = id === undefined ? '' : join(runs.pathOf(id), 'run.json');
          if (one.do === 'add') {
            const record = add(runs, `--lr ${one.lr}`, tick);
            expected.set(record.id, record);
          } else if (one.do === 'summaries') runs.summaries();
          else if (one.do === 'cut' && expected.size > 0) truncateSync(indexPath, one.keep);
          else if (id === undefined) continue;
          else if (one.do === 'discard') {
            runs.discard([id]);
            expected.delete(id);
          } else if (one.do === 'break') {
            writeFileSync(path, '{"schema": 2,');
            expected.set(id, null);
          } else if (known && (one.do === 'write' || one.do === 'edit')) {
            const { state } = one;
            const reason = state === 'failed' || state === 'lost' ? 'exit' : null;
            const record: RunRecord = { ...known, state, reason };
            if (one.do === 'write') runs.write(record);
            else {
              writeFileSync(path, JSON.stringify(record));
              // By hand, and so not within the same tick of the clock.
              utimesSync(path, tick, tick);
            }
            expected.set(id, record);
          }
        }
        const records = [...expected.values()].filter((record) => record !== null);
        const sound = records.map(summaryOf).sort((a, b) => (a.id < b.id ? -1 : 1));
        for (const runs of [...stores, new RunStore(experiment)]) {
          const { found, problems } = runs.summaries();
          expect(found).toEqual(sound);
          expect(problems).toHaveLength(expected.size - records.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('survives several processes that write and compact at the same time', async () => {
    const bundle = join(experiment, 'writer.mjs');
    await build({
      stdin: {
        contents: `
          import { RunStore } from './src/runs/store.ts';
          import { receiptOf } from './test/support/receipts.ts';
          const [experiment, name] = process.argv.slice(2);
          const runs = new RunStore(experiment);
          for (let n = 0; n < 50; n++) {
            const { condition } = receiptOf('--seed ' + name);
            const id = runs.claim(condition, new Date(Date.UTC(2026, 10, 20)), '{}');
            for (const user of ['a', 'b', 'c']) runs.write(receiptOf('--seed ' + name, { id, user }));
            if (n % 3 === 0) runs.summaries();
          }`,
        resolveDir: fileURLToPath(new URL('../../..', import.meta.url)),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: bundle,
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const writers = [1, 2, 3, 4].map((name) =>
      spawn(process.execPath, [bundle, experiment, String(name)], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(writers.map((writer) => once(writer, 'exit')));
    expect(codes.map(([code]) => code)).toEqual([0, 0, 0, 0]);
    for (let times = 0; times < 2; times++) {
      const { runs, reads } = counting();
      const { found, problems } = runs.summaries();
      expect([found.length, problems]).toEqual([200, []]);
      if (times === 1) expect(reads.size).toBe(0);
    }
    for (const line of linesOfIndex()) expect(JSON.parse(line)).toMatchObject({ state: 'succeeded' });
  });
});
