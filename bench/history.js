// What the verbs about runs take where there are many: with the index, which may be deleted, and without it.
import { linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTurns, median, peak, seconds } from './measure.js';
import { testSupport } from './test-support.js';

/** So many conditions, each of them run again and again. */
const conditions = 1000;

/** What makes runs, and verbs about them. */
async function maker({ cli, project, work }) {
  const { writeRun } = await testSupport('history.ts');
  const env = { ...process.env, HOME: join(work, 'home-of-history') };
  return (name, count, series) => {
    const { experiment } = project(name, {
      experiment_conditions: Array.from({ length: conditions }, (_, seed) => `--seed ${seed}`),
    });
    fill(writeRun, experiment, count, series);
    const index = join(experiment, 'runs', '.rows.jsonl');
    const ours = (...words) =>
      seconds([...cli, ...words, experiment], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const memory = (...words) => peak([...cli, ...words, experiment], env, work);
    return { experiment, ours, memory, without: () => rmSync(index, { force: true }) };
  };
}

const five = (measure) => median(Array.from({ length: 5 }, measure));

/** 10,000 runs, without series. */
export async function history({ row, inSeconds, ...bench }) {
  const parse = fileURLToPath(new URL('parse-receipts.js', import.meta.url));
  const made = await maker(bench);
  const some = made('history', 10_000, false);
  const [ours, node] = inTurns(
    5,
    () => {
      some.without();
      return some.ours('history');
    },
    () => seconds([process.execPath, parse, join(some.experiment, 'runs')]),
  );
  const over = `${inSeconds(ours)} over ${inSeconds(node)}`;
  row(
    '`history` of 10,000 runs without its index over reading and parsing their receipts',
    ours / node,
    4,
    over,
  );
  some.ours('history');
  row(
    '`history` of 10,000 runs',
    five(() => some.ours('history')),
    0.5,
    'JSON of all, with its index',
    inSeconds,
  );
}

/** 50,000 runs with series of 1,000 steps. */
export async function manyRuns({ row, inSeconds, ...bench }) {
  const mib = (number) => `${number.toFixed(0)} MiB`;
  const made = await maker(bench);
  const many = made('many-runs', 50_000, true);
  const first = many.ours('history');
  row('`history` of 50,000 runs without its index', first, null, 'series of 1,000 steps are read', inSeconds);
  for (const verb of ['history', 'best', 'status']) {
    many.ours(verb);
    const what = `\`${verb}\` of 50,000 runs with series of 1,000 steps`;
    row(
      what,
      five(() => many.ours(verb)),
      2,
      verb === 'status' ? 'of 1,000 conditions' : 'with the index',
      inSeconds,
    );
    row(`memory of ${what}`, many.memory(verb), 300, 'most', mib);
  }
}

/** Receipts are as large as those of real runs, 5.4 kB: in those of the tests these two lines are short. */
const lines = { container_line: `docker run ${'x'.repeat(1300)}`, build_line: `git ${'x'.repeat(1300)}` };

/** Runs, one a minute. All have the same series: one file on the disk by many names. */
function fill(writeRun, experiment, count, series) {
  const steps = Array.from({ length: 1000 }, (_, step) => `{"step":${step},"loss":${1 / (step + 1)}}\n`).join(
    '',
  );
  const shared = join(experiment, 'series.jsonl');
  writeFileSync(shared, steps);
  for (let at = 0; at < count; at++) {
    const summary = JSON.stringify({ accuracy: 1 - 1 / (at + 2), loss: 1 / (at + 1) });
    const id = writeRun(experiment, `--seed ${at % conditions}`, at, {
      files: { 'measures/summary.json': summary, 'logs/docker.txt': 'done\n' },
      changes: lines,
    });
    const measures = join(experiment, 'runs', id, 'data', 'measures');
    mkdirSync(measures, { recursive: true });
    if (series) linkSync(shared, join(measures, 'train.jsonl'));
  }
  if (readdirSync(join(experiment, 'runs')).length < count) throw new Error('runs have the same id');
}
