// Measures deployments of target aws whose machines are there: containers, which share this computer's processors.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './measure.js';
import { ended, interrupt } from './programs.js';

/** @param run starts the command line */
export async function toJobs(api, { sweep, run, row, inSeconds }) {
  const experiment = sweep(api, 'cloud-jobs', 3);
  const running = new Map();
  const deploy = ended(run(['deploy', '--wait', '--yes', experiment]));
  let isOver = false;
  deploy
    .finally(() => {
      isOver = true;
    })
    .catch(() => {});
  while (!isOver) {
    for (const { state, tags } of await api.ec2.live()) {
      const condition = tags['logistician.condition'];
      if (state === 'running' && !running.has(condition)) running.set(condition, Date.now());
    }
    await sleep(100);
  }
  await deploy;
  const runs = readdirSync(join(experiment, 'runs')).filter((name) => !name.startsWith('.'));
  const waits = runs.map((name) => {
    const receipt = readFileSync(join(experiment, 'runs', name, 'run.json'), 'utf8');
    const { machine, started } = JSON.parse(receipt);
    return (Date.parse(started) - running.get(machine.name)) / 1000;
  });
  const detail =
    'test cloud: a container each, its image of the job built there; 10 s are the provider’s wait';
  row('a machine up to its job started', median(waits), null, detail, inSeconds);
}

/** How many machines wait for their jobs, for how long. So many start only where the kernel allows a user more than its
 *  usual 128 objects of inotify: `sysctl -w fs.inotify.max_user_instances=2048`. */
export const waiting = 40;
const minutes = 2;

export async function callsOfWait(api, { sweep, run, row }) {
  const experiment = sweep(api, 'cloud-wait', waiting, { experiment_command: 'sleep 3600; :' });
  await ended(run(['deploy', '--yes', experiment]));
  const wait = run(['deploy', '--wait', '--yes', experiment]);
  const end = ended(wait);
  // What it asks at first, it asks once.
  await Promise.race([sleep(20_000), end]);
  const before = api.calls.length;
  await Promise.race([sleep(minutes * 60_000), end]);
  const calls = api.calls.slice(before);
  await interrupt(wait, end);
  const kinds = [...new Set(calls.map(({ action }) => action))].sort().join(', ');
  row(
    `calls to AWS in a minute of \`deploy --wait\` with ${waiting} machines`,
    calls.length / minutes,
    30,
    `test cloud: a container each, their jobs running; one call asks about all; ${kinds}`,
    (count) => count.toFixed(1),
  );
}
