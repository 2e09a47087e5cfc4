import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { OwnEngine } from '../support/own-engine.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, refusedBy } from '../support/remedy.js';
import { until } from '../support/until.js';

// The engine is one of the test's own, by a docker context, and nothing here is run by systemd: in place of `systemctl`
// is a program that has the test start it.

describe.skipIf(isLeftOut('docker', 'git', 'root'))('N6: an engine that is not running', () => {
  let engine: OwnEngine;
  let project: TestProject;
  let asked: string;
  let at: { cwd: string; env: NodeJS.ProcessEnv };

  beforeAll(async () => {
    engine = new OwnEngine();
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1'] } });
    const bin = binOf(project);
    asked = join(project.scratch, 'asked');
    const start = `echo "$*" >'${asked}' && until docker version >/dev/null 2>&1; do sleep 0.1; done`;
    for (const [name, text] of Object.entries({ sudo: 'exec "$@"', systemctl: start }))
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const { DOCKER_HOST: _, ...own } = project.env;
    const env = {
      ...own,
      DOCKER_CONFIG: join(project.scratch, 'docker'),
      PATH: `${bin}:${process.env.PATH}`,
    };
    at = { cwd: project.experiment, env };
    for (const words of [
      ['create', 'own', '--docker', `host=${engine.host}`],
      ['use', 'own'],
    ])
      execFileSync('docker', ['context', ...words], { env, stdio: 'pipe' });
  });
  afterAll(async () => {
    await project?.remove();
    await engine?.remove();
  });

  it('DockerUnavailable: it is started, and looked at', async () => {
    const refusal = await refusedBy(project, ['run', '--dry-run'], at);
    const [start = '', look = '', ...others] = refusal?.suggestions ?? [];
    expect([refusal?.message, others]).toEqual([expect.stringContaining('its socket does not exist'), []]);
    const isStarted = until('it is asked for', () => existsSync(asked)).then(() => engine.start());
    await Promise.all([paste(start, at), isStarted]);
    expect(execFileSync('cat', [asked]).toString()).toBe('start docker\n');
    expect(await paste(look, at)).toContain('Server Version');
    engine.load(baseImage);
    await paste('logistician run', at);
  });
});
