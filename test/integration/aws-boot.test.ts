import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownLine } from '../../src/errors.js';
import type { Connection } from '../../src/machines/connection.js';
import { NotReady } from '../../src/machines/lacks.js';
import type { DeploymentStore } from '../../src/runs/deployment-store.js';
import { command } from '../../src/shell/command.js';
import { untilReady } from '../../src/targets/aws/life/boot.js';
import type { TargetContext } from '../../src/targets/context.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import type { Route } from '../../src/tools/ssh/route.js';
import { ChangedHostKey, KeysRefused, Unreachable } from '../../src/tools/ssh/unreachable.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { makeKey, Sshd } from '../support/sshd.js';

/** A machine at AWS is any computer with an SSH server, here this computer, which no cloud-init has ever made ready. */
describe.skipIf(isMissing('sshd', 'docker'))('waiting for a machine at AWS', () => {
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

  const survey = fileURLToPath(new URL('../../templates/machine/survey.sh', import.meta.url));
  const context = {
    templates: { survey } as TargetContext['templates'],
    deployments: { sshConfig: '/there/ssh_config' } as DeploymentStore,
    now: () => new Date(),
  };
  const route = { host: '10.0.0.4', port: 22 } as Route;

  /** How waiting ended, after how many milliseconds, and how many looks.
   *  @param dockerAt the program that is called as Docker in a look, the first being 1 */
  async function wait(
    reach: (pool: SshPool) => Connection,
    patience = { toAnswer: 1000, toBeReady: 2000 },
    dockerAt: (look: number) => string = () => 'docker-that-never-comes',
    gpus = 0,
  ) {
    let looks = 0;
    const access = {
      connect: (_name: string, _route: Route, { pool = new SshPool() } = {}) => {
        pools.push(pool);
        looks++;
        return reach(pool);
      },
    };
    const machine = {
      name: 'lr-1',
      route,
      gpus,
      isPrivate: false,
      get docker() {
        return dockerAt(looks);
      },
    };
    const began = Date.now();
    const needs = { largeFiles: false, sha256: false, secrets: false, gpus: gpus > 0 };
    const [waited] = await Promise.allSettled([
      untilReady(context, access, machine, '198.51.100.7/32', needs, patience),
    ]);
    const found = waited.status === 'fulfilled' ? waited.value : null;
    const error: unknown = waited.status === 'rejected' ? waited.reason : null;
    return { found, error, took: Date.now() - began, looks };
  }

  /** A machine that says of itself that its boot is over. */
  const booted = (pool: SshPool): Connection => {
    const connection = sshd.connection('lr-1', pool);
    return {
      ...connection,
      query: (what, io) =>
        connection.query(`${what.argv.at(-1)}`.endsWith('/boot-finished') ? command('true') : what, io),
    };
  };

  it('ends where Docker never comes, with the line that shows why', async () => {
    const { error, took } = await wait((pool) => sshd.connection('lr-1', pool));
    expect(error).toMatchObject({
      message: expect.stringContaining('lr-1 cannot run jobs as it is. Docker: not installed'),
      suggestions: [
        'ssh -F /there/ssh_config lr-1 -- sudo tail -n 40 /var/log/cloud-init-output.log',
        ownLine('deploy', [], 'once it is fixed'),
      ],
    });
    expect(took).toBeGreaterThan(2000);
  });

  it('ends where nothing answers, and says who is let in', async () => {
    const gone = await Sshd.start(join(folder, 'gone'));
    await gone.stop();
    const { error } = await wait((pool) => gone.connection('lr-1', pool));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /lr-1 is running, but unreachable at 10\.0\.0\.4 for 1 s .*allows SSH from 198\.51\.100\.7\/32/,
      ),
      suggestions: [expect.stringMatching(/^curl /), expect.stringContaining('aws_ssh_cidr')],
    });
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
    const { error, looks } = await wait((pool) => sshd.connection('lr-1', pool, other));
    expect(error).toBeInstanceOf(ChangedHostKey);
    expect(looks).toBe(1);
  });

  const long = { toAnswer: 600_000, toBeReady: 600_000 };

  slow('looks once more, over a new connection, where the boot ended after the login', async () => {
    const first = (look: number) => (look === 1 ? 'docker-of-another-login' : 'docker');
    const { found, error, looks } = await wait(booted, long, first);
    expect(error).toBeNull();
    expect(found?.engine?.version).toMatch(/^\d/);
    expect(looks).toBe(2);
  });

  describe('D2: with two GPUs', () => {
    /** A machine on whose Docker so many can be used, look after look.
     *  @param hasBooted whether its boot is over */
    function machineWith(gpus: readonly string[], hasBooted: boolean) {
      let look = 0;
      return (pool: SshPool): Connection => {
        const connection = hasBooted ? booted(pool) : sshd.connection('lr-1', pool);
        return {
          ...connection,
          async query(what, io) {
            const outcome = await connection.query(what, io);
            if (!outcome.stdout.includes('end survey')) return outcome;
            const there = gpus[Math.min(look++, gpus.length - 1)];
            const stdout = outcome.stdout
              .replace(/^(engine .*)\|([^|]*\|[^|\n]*)$/m, '$1|nvidia $2')
              .replace('end survey', `gpus ${there}\nend survey`);
            return { ...outcome, stdout };
          },
        };
      };
    }

    it('waits until Docker can use both', async () => {
      const { found, error, looks } = await wait(
        machineWith(['', '0', '0 1'], false),
        long,
        () => 'docker',
        2,
      );
      expect(error).toBeNull();
      expect(found?.gpus).toEqual(['0', '1']);
      expect(looks).toBe(3);
    });

    slow('gets no job where it can use one once the boot is over', async () => {
      const { error } = await wait(machineWith(['0'], true), long, () => 'docker', 2);
      expect(error).toBeInstanceOf(NotReady);
      expect(`${error}`).toContain('Docker can use 1 of the 2 GPUs that its job gets');
    });
  });

  slow('waits no longer where a login of after the boot has no Docker either', async () => {
    const { error, looks } = await wait(booted, long);
    expect(error).toBeInstanceOf(NotReady);
    expect(looks).toBe(2);
  });
});
