import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseImage, isMissing, variants } from '../support/engines.js';
import { isThere, Lab, output, signal, stateOf, text } from '../support/lab.js';
import { OwnEngine } from '../support/own-engine.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const files = {
  'wait.sh':
    'echo begun >>/data/results/runs; echo ready; until [ -e /data/results/go ]; do sleep 0.3; done; seq 9000; echo done\n',
};

/** Less than what a job says after `ready`. */
const rotating = ['--log-opt', 'max-size=10k', '--log-opt', 'max-file=2'];
const whole = `ready\n${Array.from({ length: 9000 }, (_, index) => `${index + 1}\n`).join('')}done\n`;

const engines = variants(
  { engine: 'that takes its containers with it', flags: rotating },
  { engine: 'that keeps containers alive', flags: [...rotating, '--live-restore'] },
);

describe.skipIf(isMissing('docker', 'git', 'dockerd')).each(engines)('an engine, $engine,', ({ flags }) => {
  const outer = process.env.DOCKER_HOST;
  let engine: OwnEngine;
  let lab: Lab;

  beforeEach(async () => {
    engine = new OwnEngine(flags);
    await engine.start();
    engine.load(baseImage);
    process.env.DOCKER_HOST = engine.host;
    lab = new Lab(files);
  });

  afterEach(async () => {
    try {
      await lab?.close();
    } finally {
      if (outer === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = outer;
      await engine?.remove();
    }
  });

  it('L7, M15: is killed under a running job, and started again: the job has an end and, also where logs rotate, a whole log; the queue goes on', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const [job, next] = [await sweep.add('first'), await sweep.add('next')];
    await sweep.begin();
    await sweep.says(job, 'ready');
    await engine.kill();
    // Only that it ran is known.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await sweep.report(job)).toMatchObject({ stalled: false, state: { state: 'running' } });
    expect(stateOf(next)).toMatchObject({ state: 'pending' });

    await engine.start();
    signal(job, 'go');
    signal(next, 'go');
    const end = await sweep.ended(job);
    expect(text(job, 'results', 'runs')).toBe('begun\n');
    if (flags !== rotating) {
      expect(end).toMatchObject({ state: 'succeeded', exit_code: 0 });
      expect(output(job)).toBe(whole);
    } else {
      expect(['failed', 'lost']).toContain(end.state);
      expect(end.reason).not.toBeNull();
      // The shell may say how its `sleep` ended; what the docker client says is no part of it.
      expect(output(job)).toMatch(/^ready\n(Terminated\n)?$/);
    }
    expect(await sweep.ended(next)).toMatchObject({ state: 'succeeded', exit_code: 0 });
    expect(output(next)).toBe(whole);

    await until('the worker ends', () => !existsSync(join(sweep.queue, 'slots', '1', 'owner')));
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
    expect(engine.docker('ps', '--all', '--quiet')).toBe('');
    expect(readdirSync(join(sweep.queue, 'waiting'))).toEqual([]);
    expect([job, next].some(isThere)).toBe(false);
  });

  slow('is away while the queue begins: no job fails for it, and all run once it is back', async () => {
    const sweep = await lab.sweep('sh wait.sh');
    const jobs = [await sweep.add('first'), await sweep.add('next')];
    for (const job of jobs) signal(job, 'go');
    await engine.kill();
    await sweep.begin();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    for (const job of jobs) expect(['pending', 'fetching', 'building']).toContain(stateOf(job)?.state);

    await engine.start();
    for (const job of jobs) {
      expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', exit_code: 0 });
    }
  });
});
