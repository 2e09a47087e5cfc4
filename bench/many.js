// A sweep of 2,000 explicit conditions on this computer: what one looks at, and what one has to wait for.
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { median, peak, seconds } from './measure.js';

const count = 2000;

export async function many({ cli, project, row, inSeconds, work }) {
  const experiment_conditions = Array.from(
    { length: count },
    (_, place) => `--lr ${place} --text ${'x'.repeat(20)}`,
  );
  const { experiment } = project('many', { experiment_conditions, experiment_command: 'sleep 1000; :' });
  const env = { ...process.env, HOME: join(work, 'home-of-many'), LOGISTICIAN_SLOTS: join(work, 'slots') };
  const ours = (...words) => seconds([...cli, ...words, experiment], { env });
  const of = `of ${count.toLocaleString('en')} conditions`;
  ours('build');
  row(`\`deploy\` ${of}`, ours('deploy', '--yes'), null, 'written down, and all in the queue', inSeconds);
  row(`\`deploy\` again ${of}`, ours('deploy', '--yes'), null, 'nothing to do', inSeconds);
  row(
    `\`status\` ${of}`,
    median(Array.from({ length: 5 }, () => ours('status'))),
    2,
    'all but two wait',
    inSeconds,
  );
  row(
    `memory of \`status\` ${of}`,
    peak([...cli, 'status', experiment], env, work),
    150,
    'most',
    (mib) => `${mib.toFixed(0)} MiB`,
  );
  const [took, load] = await watched([...cli, 'stop', '--grace', '1', experiment], env);
  row(`\`stop\` ${of}`, took, 60, 'each seen to have ended', inSeconds);
  row(`load during \`stop\` ${of}`, load, 8, 'most, over a minute', (number) => number.toFixed(1));
  row(
    `receipts ${of}`,
    receipts(join(experiment, 'runs')) / 1e6,
    20,
    'with what they share',
    (mb) => `${mb.toFixed(1)} MB`,
  );
  ours('terminate', '--yes', '--grace', '1');
}

/** Seconds that a command took, and the highest load average meanwhile. */
async function watched([program, ...args], env) {
  const begin = performance.now();
  let load = 0;
  const timer = setInterval(() => {
    load = Math.max(load, loadavg()[0] ?? 0);
  }, 500);
  const code = await new Promise((resolve) =>
    spawn(program, args, { env, stdio: 'ignore' }).on('close', resolve),
  );
  clearInterval(timer);
  if (code !== 0) throw new Error(`stop ended with ${code}`);
  return [(performance.now() - begin) / 1000, load];
}

/** Bytes of all that says what ran, less the data; a file with several names counts once. */
function receipts(folder, seen = new Set()) {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => !path.endsWith('/data'))
    .reduce((sum, path) => {
      const file = statSync(path);
      if (seen.has(file.ino)) return sum;
      seen.add(file.ino);
      return sum + (file.isDirectory() ? receipts(path, seen) : file.size);
    }, 0);
}
