import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';
import { until } from '../support/until.js';

const settings = { experiment_conditions: ['--lr 1', '--lr 2'], idle_minutes: 0.1 };

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'machines at AWS that nobody needs any more',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2 });
      project = await CloudProject.start(cloud, { parameters: settings });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const stopped = (condition: string) =>
      until(
        `${condition} has stopped`,
        async () => (await project.instances()).get(condition)?.state === 'stopped',
        90,
      );
    const receipt = (lr: string) => project.receipts().find(({ argv }) => argv[1] === lr);

    it('stop, their disks kept; sync starts one, brings all home, and stops it again', async () => {
      const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--only', 'lr-1']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(stdout).toContain('each stops, its disk kept, after 0.1 min without work');
      await stopped('lr-1');
      const status = await project.json(['status']);
      expect(status.unreachable[0]?.why).toContain('has stopped, with what its job left on its disk');

      expect(await project.ok(['sync'])).toMatch(/^succeeded /m);
      const { id = '', state, collected } = receipt('1') ?? {};
      expect({ state, home: collected !== null }).toEqual({ state: 'succeeded', home: true });
      expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe('1\n');
      await stopped('lr-1');
    });

    it('deploy --wait, begun again after a night, starts them and leaves nothing', async () => {
      await project.ok(['deploy', '--yes']);
      await stopped('lr-2');
      const { code, stdout, stderr } = await project.cli(['deploy', '--wait', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(receipt('2')).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
      expect(await cloud.listAll()).toEqual([]);
      expect(beyondPolicy(cloud)).toEqual([]);
    });
  },
);
