import { execFile } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folders } from '../../src/machines/job-script.js';
import { Secret } from '../../src/shell/word.js';
import { isMissing } from '../support/engines.js';
import { killed } from '../support/killed.js';
import {
  data,
  docker,
  isThere,
  Lab,
  output,
  signal,
  stateOf,
  text,
  workerOf,
  workersOf,
} from '../support/lab.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const files = {
  'ok.sh': 'echo fine\n',
  'count.sh': 'echo begun >> /data/results/runs; for n in $(seq 1 200); do echo $n; sleep 0.01; done\n',
  'wait.sh':
    'echo begun >> /data/results/runs; echo ready; until [ -e /data/results/go ]; do sleep 0.3; done; echo done\n',
  'changes.sh': 'echo more > result.txt; echo ready; until [ -e /data/results/go ]; do sleep 0.3; done\n',
};

const oneTo200 = Array.from({ length: 200 }, (_, index) => `${index + 1}\n`).join('');

describe.skipIf(isMissing('docker', 'git'))('the runner after a crash', () => {
  let lab: Lab;

  beforeAll(() => {
    lab = new Lab(files);
  });

  afterAll(() => lab.close());

  it.each([
    ['the worker alone', (worker: number) => worker],
    // setsid has made the worker the head of its group, which the follower of the log belongs to.
    ['the worker and all its processes', (worker: number) => -worker],
  ])('goes on with a running job: %s killed', async (_, victim) => {
    const sweep = await lab.sweep('sh count.sh');
    const job = await sweep.add('count');
    await sweep.begin();
    await sweep.says(job, '20');
    process.kill(victim(workerOf(sweep)), 'SIGKILL');
    await until('the worker is gone', () => workersOf(sweep).length === 0);
    expect(await sweep.report(job)).toMatchObject({
      stalled: true,
      orphan: true,
      state: { state: 'running' },
    });

    await sweep.begin();
    expect(await sweep.report(job)).toMatchObject({ stalled: false });
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', exit_code: 0 });
    expect(output(job)).toBe(oneTo200);
    expect(text(job, 'results', 'runs')).toBe('begun\n');
  });

  it('collects a job that ended unobserved, and goes on with the queue', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const [job, next] = [await sweep.add('first'), await sweep.add('next')];
    await sweep.begin();
    await sweep.says(job, 'ready');
    process.kill(-workerOf(sweep), 'SIGKILL');
    signal(job, 'go');
    signal(next, 'go');
    await until(
      'the container ends',
      () => docker('inspect', '--format', '{{.State.Status}}', job.container) === 'exited',
    );
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', exit_code: 0 });
    expect(output(job)).toBe('ready\ndone\n');
    expect(await sweep.ended(next)).toMatchObject({ state: 'succeeded' });
  });

  slow('takes a job that was ended as its computer restarted for lost', async () => {
    const sweep = await lab.sweep('sleep 1000');
    const job = await sweep.add('restarted');
    await sweep.begin();
    await until('it runs', () => stateOf(job)?.state === 'running');
    expect(await sweep.report(job)).toMatchObject({ orphan: false });
    const path = join(job.folder, 'state.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"boot":"[^"]+"/, '"boot":"another"'));
    // What its new runner, which has only begun, has not found out yet.
    expect(await sweep.report(job)).toMatchObject({ orphan: true });
    await killed(-workerOf(sweep));
    docker('stop', job.container);
    writeFileSync(join(job.folder, 'owner.first'), '1 gone another@here\n');
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'lost', reason: 'reboot' });
  });

  slow('runs a job again that was killed before its container began', async () => {
    const sweep = await lab.sweep('sh ok.sh');
    const job = await sweep.add('created');
    docker(
      'create',
      '--name',
      job.container,
      '--label',
      `logistician.deployment=${sweep.deployment}`,
      'debian:bookworm-slim',
      'true',
    );
    writeFileSync(join(job.folder, 'owner.first'), '1 gone of-another-boot\n');
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
    expect(output(job)).toBe('fine\n');
  });

  slow('makes the checkout again that a killed runner left half done', async () => {
    const sweep = await lab.sweep('sh ok.sh');
    const job = await sweep.add('half');
    lab.project.git('init', '--quiet', join(job.folder, 'source'));
    writeFileSync(join(job.folder, 'source', '.git', 'shallow.lock'), '');
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
  });

  it('clears up behind a runner that was killed between its last record and its tidying', async () => {
    const sweep = await lab.sweep('sh changes.sh', { container: { secrets: folders.secrets } });
    const job = sweep.job('untidy');
    await sweep.machine.putSecret(job.container, new Secret('TOKEN', 'secret'));
    await sweep.put(job, sweep.jobPart(job, []));
    await sweep.begin();
    await sweep.says(job, 'ready');
    await killed(-workerOf(sweep));
    const path = join(job.folder, 'state.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"state":"running"', '"state":"failed"'));
    await sweep.begin();
    await until('the worker ends', () => !existsSync(join(sweep.queue, 'slots', '1', 'owner')));
    expect(stateOf(job)?.state).toBe('failed');
    expect(isThere(job)).toBe(false);
    expect(existsSync(join(job.folder, 'source'))).toBe(false);
    expect(existsSync(join('/dev/shm', `logistician-${process.getuid?.()}`, job.container))).toBe(false);
  });

  it('ends a job whose folder is removed, and goes on with the queue', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const [job, next] = [await sweep.add('removed'), await sweep.add('after-it')];
    await sweep.begin();
    await sweep.says(job, 'ready');
    rmSync(job.folder, { recursive: true });
    signal(next, 'go');
    expect(await sweep.ended(next)).toMatchObject({ state: 'succeeded' });
    expect(isThere(job)).toBe(false);
    expect(existsSync(job.folder)).toBe(false);
    expect(await sweep.report(job)).toMatchObject({ state: null, missing: true });
  });

  slow('ends a job whose runner is gone when it is told to stop', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const job = await sweep.add('orphan');
    await sweep.begin();
    await sweep.says(job, 'ready');
    await killed(-workerOf(sweep));
    await sweep.machine.stop(sweep.queue, 1, [job.folder]);
    expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
    await until('its container is gone', () => !isThere(job));
  });

  slow('is not harmed by a stop and a new worker that come at once', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const job = await sweep.add('contested');
    await sweep.begin();
    await sweep.says(job, 'ready');
    await killed(-workerOf(sweep));
    await Promise.all([sweep.machine.stop(sweep.queue, 5, [job.folder]), sweep.begin()]);
    expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
    expect(output(job).match(/ready/g)).toHaveLength(1);
    await until('the worker ends', () => workersOf(sweep).length === 0);
    expect((await sweep.report(job)).stalled).toBe(false);
  });

  it.each([
    ['while it is watched', false],
    ['unobserved', true],
  ])('calls a job failed or lost whose container is removed %s, and goes on', async (_, unwatched) => {
    const sweep = await lab.sweep('sh wait.sh');
    const [job, next] = [await sweep.add('removed'), await sweep.add('next')];
    await sweep.begin();
    await sweep.says(job, 'ready');
    if (unwatched) await killed(-workerOf(sweep));
    docker('rm', '--force', job.container);
    if (unwatched) await sweep.begin();
    const state = await sweep.ended(job);
    expect(['failed', 'lost']).toContain(state.state);
    if (unwatched) expect(state).toMatchObject({ state: 'lost', reason: 'container' });
    expect(output(job)).toBe('ready\n');
    expect(existsSync(data(job, 'results', 'runs'))).toBe(true);
    signal(next, 'go');
    expect(await sweep.ended(next)).toMatchObject({ state: 'succeeded' });
  });

  it('lets one runner alone have a job that two want at once', async () => {
    const sweep = await lab.sweep('sh ok.sh');
    const job = await sweep.add('wanted');
    // Between the look for another runner and its own name there is time enough for the other to look.
    const slow = join(lab.root, 'slow');
    mkdirSync(slow);
    writeFileSync(join(slow, 'mv'), '#!/bin/sh\nsleep 0.3\nexec /bin/mv "$@"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${slow}:${process.env.PATH}` };
    const adopt = () =>
      promisify(execFile)('sh', [join(sweep.queue, 'runner.sh'), 'adopt', job.folder], { env });
    await Promise.all([adopt(), adopt()]);
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
    expect(readFileSync(join(job.folder, 'steps'), 'utf8').match(/^fetching /gm)).toHaveLength(1);
    expect(output(job)).toBe('fine\n');
  });

  slow(
    'puts each state in the place of the last whole: who reads it meanwhile reads one of them',
    async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const job = await sweep.add('states');
      // Another name of the same file: it would show what is written into it.
      const keep = (name: string) => linkSync(join(job.folder, 'state.json'), join(job.folder, name));
      const kept = (name: string) => JSON.parse(readFileSync(join(job.folder, name), 'utf8')).state;
      keep('first');
      await sweep.begin();
      await sweep.says(job, 'ready');
      await until('it runs', () => stateOf(job)?.state === 'running');
      keep('second');
      signal(job, 'go');
      await sweep.ended(job);
      expect([kept('first'), kept('second')]).toEqual(['pending', 'running']);
    },
  );

  it('releases what is running, and again what is gone', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const job = await sweep.add('at-work');
    await sweep.begin();
    await sweep.says(job, 'ready');
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
    expect(isThere(job)).toBe(false);
    await until('the worker is gone', () => workersOf(sweep).length === 0);
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
  });

  slow('waits for a container that is being removed already, at another runner’s word', async () => {
    const busy = join(lab.root, 'busy-docker');
    const told = join(lab.root, 'told');
    const refuses = `if [ "$1" = rm ] && [ ! -e '${told}' ]; then : >'${told}'; echo 'removal of container is already in progress' >&2; exit 1; fi`;
    writeFileSync(busy, `#!/bin/sh\n${refuses}\nexec docker "$@"\n`, { mode: 0o755 });
    const sweep = await lab.sweep('sh wait.sh', { docker: busy });
    const job = await sweep.add('being-removed');
    await sweep.begin();
    await sweep.says(job, 'ready');
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
    expect(existsSync(told)).toBe(true);
    expect(isThere(job)).toBe(false);
  });
});
