import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenTags } from '../support/cloud/call.js';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';
import { linesOf } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

// Against the API alone: who is killed before there is a machine to speak to needs none.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))(
  'kill -9 while machines are made and ended',
  () => {
    let cloud: Cloud;
    const projects: CloudProject[] = [];

    beforeAll(async () => {
      cloud = await Cloud.start();
    });
    afterAll(async () => {
      for (const project of projects) await project.remove();
      await cloud?.remove();
    });

    const start = async () => {
      const project = await CloudProject.start(cloud, {
        parameters: { experiment_conditions: ['--lr 1', '--lr 2', '--lr 3'] },
      });
      projects.push(project);
      return project;
    };

    /** Waits until so many of its machines have been asked for. */
    const launched = (project: CloudProject, count: number) =>
      until(
        `${count} launches`,
        () =>
          cloud.calls.filter(
            (call) =>
              call.action === 'RunInstances' &&
              givenTags(call, 'instance')['logistician.experiment'] === project.name,
          ).length >= count,
      );

    const terraforms = (project: CloudProject): number[] => {
      const folder = join(project.state, 'terraform');
      return linesOf('ps', '-eww', '-o', 'pid=,args=')
        .filter((line) => line.includes(`terraform -chdir=${folder} `))
        .map((line) => Number.parseInt(line, 10));
    };
    const killTerraform = (project: CloudProject) => {
      for (const pid of terraforms(project)) process.kill(pid, 'SIGKILL');
    };

    /** One terminate ends all, and nothing but what is recorded was ever made twice. */
    async function endsAll(project: CloudProject): Promise<void> {
      // A process that was killed late has recorded where machines are, and none of them exists.
      const words = ['terminate', '--yes', '--discard', '--grace', '0'];
      const { code, stdout, stderr } = await project.cli(words);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      const left = (await cloud.ec2.live()).filter(
        ({ tags }) => tags['logistician.experiment'] === project.name,
      );
      expect(left).toEqual([]);
      expect(project.deployment.released).not.toBeNull();
    }

    it.concurrent('Terraform alone: deploy says so, and the same again makes no second machine', async () => {
      const project = await start();
      const deploy = project.start(['deploy', '--yes']);
      await launched(project, 2);
      killTerraform(project);
      await deploy.says('terraform apply failed:');
      const again = project.start(['deploy', '--yes']);
      await project.untilUp(again);
      again.signal('SIGKILL');
      const live = (await cloud.ec2.live()).filter(
        ({ tags }) => tags['logistician.experiment'] === project.name,
      );
      expect(live).toHaveLength(3);
      expect(new Set(live.map(({ tags }) => tags['logistician.condition'])).size).toBe(3);
      await endsAll(project);
    });

    slow.concurrent('Ctrl-C while machines are made, and a kill while they are ended', async () => {
      const project = await start();
      const deploy = project.start(['deploy', '--yes']);
      await launched(project, 1);
      deploy.signal('SIGINT');
      expect((await deploy.ended).code).toBe(130);
      const terminate = project.start(['terminate', '--yes', '--discard', '--grace', '0']);
      await until('it ends them', () => cloud.calls.some(({ action }) => action === 'TerminateInstances'));
      killTerraform(project);
      terminate.signal('SIGKILL');
      await endsAll(project);
    });

    it('leaves nothing at AWS, and no leak is found', async () => {
      expect(await cloud.listAll()).toEqual([]);
      const [project] = projects;
      expect(await project?.ok(['doctor', '--leaks'])).toMatch(/leaks +none/);
    });

    it('finds what no record knows, and ends it', async () => {
      const project = await start();
      const deploy = project.start(['deploy', '--yes']);
      await deploy.says('3 of 3 machines up');
      deploy.signal('SIGKILL');
      // Another user tidied up.
      linesOf('rm', '-rf', project.state);
      const found = await project.cli(['doctor', '--leaks', '--region', 'all']);
      expect(found.stdout.match(/BAD +instance/g)).toHaveLength(3);
      expect(await project.ok(['terminate', '--leaks', '--yes'])).toContain('Terminated.');
      expect(await cloud.listAll()).toEqual([]);
      expect(beyondPolicy(cloud)).toEqual([]);
    });
  },
);
