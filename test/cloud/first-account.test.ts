import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { KeptProvider } from '../support/cloud/kept-provider.js';
import { isLeftOut } from '../support/engines.js';
import { Started } from '../support/project.js';
import { scratchFolder } from '../support/repository.js';
import { until } from '../support/until.js';

const program = fileURLToPath(new URL('../../bin/try-aws', import.meta.url));
const secret = 'a-secret-of-the-account';

describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))('bin/try-aws', () => {
  let cloud: Cloud;
  let provider: KeptProvider | null = null;
  let folder: string;

  beforeAll(async () => {
    cloud = await Cloud.start({ machines: 2 });
    const env = { PATH: process.env.PATH, ...cloud.env, AWS_SECRET_ACCESS_KEY: secret };
    provider = await KeptProvider.start(env);
  });
  afterAll(async () => {
    await provider?.stop();
    await cloud.remove();
  });
  beforeEach(() => {
    folder = scratchFolder();
    mkdirSync(join(folder, 'home'));
  });

  const own = () => join(folder, 'home', '.cache', 'logistician-try-aws');
  const report = () => readFileSync(join(folder, 'report.md'), 'utf8');

  function start(...words: string[]): Started {
    const where = ['--type', 't3.small', '--subnet', cloud.subnet, '--private', '--report', 'report.md'];
    const child = spawn(program, [...where, ...words], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: join(folder, 'home'),
        LOGISTICIAN_SLOTS: join(folder, 'slots'),
        ...cloud.env,
        AWS_SECRET_ACCESS_KEY: secret,
        ...provider?.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    return new Started(child);
  }

  async function expectNothingLeft(): Promise<void> {
    expect(await cloud.listAll()).toEqual([]);
    expect(existsSync(own())).toBe(false);
    expect(existsSync(join(folder, 'home', '.logistician'))).toBe(false);
  }

  it('finds in the simulated AWS what it says of it, and reports without telling whose account it is', async () => {
    const { code, stdout, stderr } = await start('--yes', '--spot', '--idle').ended;
    expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
    expect(report()).toContain('It went to its end. Nothing is left of it.');
    expect(report()).toMatch(/\d\d things compared with the simulation, 0 differ\./);
    expect(report()).not.toMatch(/\d{12}|\b10\.\d+\.\d+\.\d+|a-secret|\bi-[0-9a-f]/);
    expect(Math.max(...launched())).toBeLessThanOrEqual(2);
    await expectNothingLeft();
  });

  /** How many machines each call for some could have made. */
  const launched = () =>
    cloud.calls
      .filter(({ action, error }) => action === 'RunInstances' && error === null)
      .map(({ parameters }) => Number(parameters.get('MaxCount')));

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP'])(
    'ends what it created after %s',
    async (signal) => {
      const trying = start('--yes');
      await until('machines run', async () => (await cloud.ec2.live()).length === 2);
      trying.signal(signal);
      const { code, stdout } = await trying.ended;
      expect(code, stdout).toBe(130);
      expect(report()).toContain('It was interrupted. Nothing is left of it.');
      await expectNothingLeft();
    },
  );

  it('ends at its next start what it created before it was killed', async () => {
    const killed = start('--yes');
    await killed.says('==> status');
    killed.signal('SIGKILL');
    await killed.ended.catch(() => {});
    expect((await cloud.ec2.live()).length).toBe(2);
    const next = start('--yes');
    await next.says('==> doctor');
    expect(await cloud.ec2.live()).toEqual([]);
    next.signal('SIGTERM');
    await next.ended;
    await expectNothingLeft();
  });

  it('spends nothing without a terminal and without --yes', async () => {
    const calls = cloud.calls.length;
    const { code, stderr } = await start().ended;
    expect(code).toBe(2);
    expect(stderr).toBe('error: it asks before it spends: run it at a terminal, or with --yes\n');
    expect(cloud.calls.length).toBe(calls);
  });
});
