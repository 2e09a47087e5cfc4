import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';
import { until } from '../support/until.js';

/** How many conditions one command works off, and a command that is given again and again. */
const many = 12;
const few = 6;

describe.skipIf(isLeftOut('docker', 'moto', 'terraform', 'aws', 'root'))(
  'more conditions than machines',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2 });
      project = await CloudProject.start(cloud, { keptProvider: true });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const conditions = (number: number, seed: number) =>
      Array.from({ length: number }, (_, n) => `--lr ${n + 1} --seed ${seed}`);
    const refused = () =>
      cloud.calls.filter(({ action, error }) => action === 'RunInstances' && error !== null);

    it(`${many} conditions on two machines, which are all that AWS lets exist, finish by one deploy --wait`, async () => {
      project.settings({ experiment_conditions: conditions(many, 1) });
      const { code, stdout, stderr } = await project.cli(['deploy', '--wait', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(stderr.replaceAll(/\s+/g, ' ')).toContain(
        'AWS lets 2 machines exist at a time now (VcpuLimitExceeded:',
      );
      expect(project.receipts().map(({ state, collected }) => [state, collected !== null])).toEqual(
        Array(many).fill(['succeeded', true]),
      );
      // Once, and not again and again.
      expect(refused()).toHaveLength(many - 2);
      expect(await cloud.listAll()).toEqual([]);
    });

    it('after --max-failures no machine is rented for those that wait, until another deploy', async () => {
      project.settings({ experiment_conditions: ['--fail 1', ...conditions(1, 3)], aws_max_machines: 1 });
      const { code, stdout, stderr } = await project.cli([
        'deploy',
        '--wait',
        '--yes',
        '--max-failures',
        '1',
      ]);
      expect(code, stderr).toBe(1);
      expect(stdout).toContain('1 job waits for another deploy: 1 has failed (--max-failures).');
      expect(`${stdout}${stderr}`).toContain('starts the 1 that waits');
      const states = async () => (await project.json(['status'])).conditions.map(({ state }) => state);
      expect(await states()).toEqual(['failed', 'pending']);
      expect(await cloud.ec2.live()).toEqual([]);
      const again = await project.cli(['deploy', '--wait', '--yes']);
      expect(again.code, again.stderr).toBe(1);
      expect(await states()).toEqual(['failed', 'succeeded']);
      expect(await cloud.listAll()).toEqual([]);
    });

    it(`${few} others by deploy, again and again, with the laptop closed in between`, async () => {
      const before = refused().length;
      project.settings({ experiment_conditions: conditions(few, 2) });
      const succeeded = async () =>
        (await project.json(['status'])).conditions.filter(({ state }) => state === 'succeeded').length;
      for (let done = 0; done < few; ) {
        const { stdout, stderr } = await project.cli(['deploy', '--yes', '--max-machines', '2']);
        if (done === 0) {
          expect(stdout).toContain('at most 2 at a time; the other conditions wait for them');
          expect(stderr).toContain(`for a machine: at most 2 may exist at a time`);
        }
        done = Math.min(few, done + 2);
        await until(`${done} have succeeded`, async () => (await succeeded()) === done);
        expect((await cloud.ec2.live()).length).toBeLessThanOrEqual(2);
      }
      await project.ok(['terminate', '--yes']);
      expect(project.receipts().map(({ state, collected }) => [state, collected !== null])).toEqual(
        Array(many + few).fill(['succeeded', true]),
      );
      // The quota was not asked for more.
      expect(refused()).toHaveLength(before);
      expect(await cloud.listAll()).toEqual([]);
    });

    it('one that is kept for its failed condition is no reason to wait for ever', async () => {
      project.settings({ experiment_conditions: ['--fail 1', '--lr 8'], aws_max_machines: 1 });
      const { code, stderr } = await project.cli(['deploy', '--wait', '--keep-failed', '--yes']);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain('All machines that may exist are kept for failed conditions.');
      expect(await project.ok(['ssh', 'fail', '--', 'id', '-un'])).toBe('ubuntu\n');
      const again = await project.cli(['deploy', '--wait', '--yes']);
      expect(again.code, again.stderr).toBe(1);
      const states = project.receipts().map(({ state }) => state);
      expect(states.filter((state) => state === 'failed')).toHaveLength(1);
      expect(states.filter((state) => state !== 'failed' && state !== 'succeeded')).toEqual([]);
      expect(await cloud.listAll()).toEqual([]);
    });
  },
);
