import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentStore } from '../../src/runs/deployment.js';
import { untilReady } from '../../src/targets/aws-boot.js';
import type { ReachedMachine } from '../../src/targets/remote-machines.js';
import { ChangedHostKey, KeysRefused, Unreachable } from '../../src/tools/ssh/errors.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import type { Route } from '../../src/tools/ssh/route.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { makeKey, Sshd } from '../support/sshd.js';

/** A machine at AWS is anybody with an SSH server, here this computer, which no cloud-init has ever made ready. */
describe.skipIf(isMissing('sshd'))('waiting for a machine at AWS', () => {
  const folder = scratchFolder();
  let sshd: Sshd;
  const pools: SshPool[] = [];

  beforeAll(async () => {
    sshd = await Sshd.start(join(folder, 'sshd'));
  });
  afterAll(async () => {
    for (const pool of pools) pool.close();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const world = {
    survey: fileURLToPath(new URL('../../templates/machine/survey.sh', import.meta.url)),
    remoteDocker: 'docker-that-never-comes',
    deployments: { sshConfig: '/there/ssh_config' } as DeploymentStore,
    now: () => new Date(),
  };
  const machine = { name: 'lr-1', route: { host: '10.0.0.4', port: 22 } as Route } as ReachedMachine;

  /** How waiting ended, and after how many milliseconds. */
  async function wait(reach: (pool: SshPool) => ReturnType<Sshd['connection']>) {
    const access = {
      connect: (_name: string, _route: Route, pool = new SshPool()) => {
        pools.push(pool);
        return reach(pool);
      },
    };
    const began = Date.now();
    const needs = { largeFiles: false, secrets: false };
    const patience = { toAnswer: 1000, toBeReady: 2000 };
    const error: unknown = await untilReady(world, access, machine, '198.51.100.7/32', needs, patience).catch(
      (error: unknown) => error,
    );
    return { error, took: Date.now() - began };
  }

  it('ends where Docker never comes, with the line that shows why', async () => {
    const { error, took } = await wait((pool) => sshd.connection('lr-1', pool));
    expect(error).toMatchObject({
      message: expect.stringContaining('lr-1 cannot run jobs as it is. Docker: not installed'),
      suggestions: [
        'ssh -F /there/ssh_config lr-1 -- sudo tail -n 40 /var/log/cloud-init-output.log',
        expect.stringMatching(/^logistician deploy /),
      ],
    });
    expect(took).toBeGreaterThan(2000);
  });

  it('ends where nobody answers, and says who is let in', async () => {
    const gone = await Sshd.start(join(folder, 'gone'));
    await gone.stop();
    const { error, took } = await wait((pool) => gone.connection('lr-1', pool));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /lr-1 is running and does not answer at 10\.0\.0\.4 in 1 s .*lets in 198\.51\.100\.7\/32/,
      ),
      suggestions: [expect.stringMatching(/^curl /), expect.stringContaining('aws_ssh_cidr')],
    });
    expect(took).toBeLessThan(30_000);
  });

  it('ends where the image has another user', async () => {
    const strict = await Sshd.start(join(folder, 'strict'));
    rmSync(join(strict.folder, 'authorized_keys'));
    const { error } = await wait((pool) => strict.connection('lr-1', pool));
    await strict.stop();
    expect(error).toBeInstanceOf(KeysRefused);
    expect(error).toMatchObject({
      suggestions: [expect.stringContaining('aws_ami_user'), expect.anything()],
    });
  });

  it('does not wait for an impostor', async () => {
    makeKey(join(folder, 'other'));
    const other = readFileSync(join(folder, 'other.pub'), 'utf8');
    const { error, took } = await wait((pool) => sshd.connection('lr-1', pool, other));
    expect(error).toBeInstanceOf(ChangedHostKey);
    expect(took).toBeLessThan(1000);
  });
});
