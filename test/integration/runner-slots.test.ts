import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { docker, Lab, stateOf, type TestJob, type TestSweep } from '../support/lab.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('docker', 'git'))('slots of the whole computer', () => {
  let lab: Lab;
  const files = {
    'hold.sh': 'echo holding; while [ ! -e /data/results/go ]; do sleep 0.3; done; echo done\n',
    'quick.sh': 'echo quick\n',
  };

  beforeAll(() => {
    lab = new Lab(files);
  });

  afterAll(() => lab.close());

  const slots = () => join(lab.root, 'slots');
  const held = () => (existsSync(slots()) ? readdirSync(slots()).filter((name) => name !== 'lock') : []);
  const letGo = (job: TestJob) => writeFileSync(join(job.folder, 'data', 'results', 'go'), '');
  const isRunning = (job: TestJob) => stateOf(job)?.state === 'running';
  const waitsFor = (job: TestJob) => {
    const path = join(job.folder, 'waits');
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  };
  const lastLine = async (sweep: TestSweep, job: TestJob) =>
    (await sweep.machine.report(sweep.queue, [job.folder])).jobs[0]?.lastLine;

  /** Docker without its `--gpus`, which only a computer with GPUs has. */
  function dockerWithoutGpus(): string {
    const path = join(lab.root, 'docker');
    const text = `#!/bin/sh
n=$#
while [ "$n" -gt 0 ]; do
  if [ "$1" = --gpus ]; then shift 2; n=$((n - 2)); else set -- "$@" "$1"; shift; n=$((n - 1)); fi
done
exec docker "$@"
`;
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  it('N7: two sweeps never run four jobs on two slots; what waits says on which job', async () => {
    const [one, other] = [await lab.sweep('sh hold.sh'), await lab.sweep('sh hold.sh')];
    const first = [await one.add('a-1'), await one.add('a-2')];
    const second = [await other.add('b-1'), await other.add('b-2')];
    await one.machine.begin(one.queue, { slots: ['-', '-'] });
    await until('the first two run', () => first.every(isRunning));
    await other.machine.begin(other.queue, { slots: ['-', '-'] });
    await until('the others wait', () => second.every((job) => waitsFor(job) !== ''));
    expect(second.map((job) => stateOf(job)?.state)).toEqual(['pending', 'pending']);
    const user = execFileSync('id', ['-un']).toString().trim();
    for (const job of second) {
      expect(waitsFor(job)).toMatch(new RegExp(`^waits for ${user}: a-[12] has slot-[12]$`));
      expect(await lastLine(other, job)).toBe(waitsFor(job));
    }
    expect(held().sort()).toEqual(['slot-1', 'slot-2']);
    for (const job of first) letGo(job);
    await until('the others run', () => second.every(isRunning));
    expect(waitsFor(second[0] as TestJob)).toBe('');
    for (const job of second) letGo(job);
    await until('all have ended', () =>
      [...first, ...second].every((job) => stateOf(job)?.state === 'succeeded'),
    );
    await until('every slot is free', () => held().length === 0);
  });

  it('a GPU goes to one job at a time; other GPUs are not waited for', async () => {
    const docker = dockerWithoutGpus();
    const sweeps = await Promise.all(
      ['device=0', '"device=0,1"', 'device=2', 'all'].map(() => lab.sweep('sh hold.sh', { docker })),
    );
    const jobs: TestJob[] = [];
    for (const [index, gpus] of ['device=0', '"device=0,1"', 'device=2', 'all'].entries()) {
      const sweep = sweeps[index] as TestSweep;
      const job = await sweep.add(`gpu-${index}`);
      await sweep.machine.begin(sweep.queue, { slots: [gpus] });
      if (index === 0) await until('the first runs', () => isRunning(job));
      jobs.push(job);
    }
    const [zero, pair, two, all] = jobs as [TestJob, TestJob, TestJob, TestJob];
    await until('GPU 2 is used', () => isRunning(two));
    await until('the others wait', () => waitsFor(pair) !== '' && waitsFor(all) !== '');
    expect(waitsFor(pair)).toContain(': gpu-0 has gpu-0');
    letGo(two);
    letGo(zero);
    const next = await until('one more runs', () => [pair, all].find(isRunning));
    expect([pair, all].filter(isRunning)).toHaveLength(1);
    letGo(next);
    const last = next === pair ? all : pair;
    await until('the last runs', () => isRunning(last));
    letGo(last);
    await until('all have ended', () => jobs.every((job) => stateOf(job)?.state === 'succeeded'));
    await until('every GPU is free', () => held().length === 0);
  });

  slow('a runner that is killed keeps the slot as long as its container runs', async () => {
    const [one, other] = [await lab.sweep('sh hold.sh'), await lab.sweep('sh quick.sh')];
    const job = await one.add('killed');
    await one.machine.begin(one.queue, { slots: ['-'] });
    await until('it runs', () => isRunning(job));
    process.kill(
      Number(readFileSync(join(one.queue, 'slots', '1', 'owner'), 'utf8').split(' ')[0]),
      'SIGKILL',
    );
    const next = await other.add('next');
    await other.machine.begin(other.queue, { slots: ['-'] });
    await until('the next waits', () => waitsFor(next).includes(': killed has'));
    expect(docker('container', 'inspect', '--format', '{{.State.Running}}', job.container).trim()).toBe(
      'true',
    );
    letGo(job);
    await until('the next has run', () => stateOf(next)?.state === 'succeeded');
    await one.machine.begin(one.queue, { slots: ['-'] });
    await until('the first is judged', () => stateOf(job)?.state === 'succeeded');
    await until('every slot is free', () => held().length === 0);
  });

  slow('a waiting job that is stopped ends at once, and takes no slot', async () => {
    const [one, other] = [await lab.sweep('sh hold.sh'), await lab.sweep('sh hold.sh')];
    const [job, waiting] = [await one.add('has'), await other.add('waits')];
    await one.machine.begin(one.queue, { slots: ['-'] });
    await until('it runs', () => isRunning(job));
    await other.machine.begin(other.queue, { slots: ['-'] });
    await until('the other waits', () => waitsFor(waiting) !== '');
    await other.machine.stop(other.queue, 1, [waiting.folder]);
    expect(stateOf(waiting)).toMatchObject({ state: 'stopped', reason: 'user' });
    expect(held()).toEqual(['slot-1']);
    // Every user's.
    expect(lstatSync(slots()).mode & 0o777).toBe(0o777);
    letGo(job);
    await until('it has ended', () => stateOf(job)?.state === 'succeeded');
    await until('every slot is free', () => held().length === 0);
    await one.verb(['release', one.queue, one.deployment]);
    expect(existsSync(slots())).toBe(false);
  });

  slow('a slot of a computer that has restarted since, and one that names nothing, are free', async () => {
    mkdirSync(slots(), { recursive: true });
    const machine = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    symlinkSync(`1 1 other-boot@${machine} ada old logistician-none`, join(slots(), 'slot-1'));
    symlinkSync('garbage', join(slots(), 'slot-2'));
    const sweep = await lab.sweep('sh quick.sh');
    const job = await sweep.add('after');
    await sweep.machine.begin(sweep.queue, { slots: ['-', '-'] });
    await until('it has run', () => stateOf(job)?.state === 'succeeded');
  });
});
