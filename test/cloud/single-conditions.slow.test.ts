import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { outputProblems } from '../support/output.js';
import { Terminal } from '../support/terminal.js';

const conditions = { experiment_conditions: ['--lr 1', '--hold 2'] };

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'what Terraform would do, and single conditions at AWS',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2 });
      project = await CloudProject.start(cloud, {
        keptProvider: true,
        parameters: conditions,
      });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const file = (name: string) => join(project.state, name);
    const changes = () =>
      cloud.calls.filter(({ action }) => /^(Run|Create|Delete|Terminate|Modify|Authorize)/.test(action));

    it('--plan shows it, and nothing is made or recorded', async () => {
      const { code, stdout, stderr } = await project.cli(['deploy', '--plan']);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/^runs +2 of 2 conditions$/m);
      expect(stdout).toMatch(/# aws_instance\.lr-1-\w+ will be created/);
      expect(stdout).toMatch(/^Plan: 7 to add, 0 to change, 0 to destroy\.$/m);
      expect(stdout).not.toContain('PRIVATE KEY');
      expect(changes()).toEqual([]);
      expect(project.runs).toEqual([]);
      for (const name of ['deployment.json', 'terraform', 'terraform-preview', 'known_hosts'])
        expect(existsSync(file(name)), name).toBe(false);
    });

    it('--plan of a condition more leaves the machine alone that is there', async () => {
      const screen = Terminal.logistician(project, ['deploy', '--yes']);
      expect(await screen.ended, screen.text).toBe(0);
      for (const step of ['is being created', 'is booting', 'gets its jobs', 'has its jobs'])
        expect(screen.text).toMatch(new RegExp(`^lr-1-\\w+ .*${step}`, 'm'));
      expect(screen.text).toContain('2 of 2 machines up; 2 have their jobs');
      project.settings({ experiment_conditions: ['--lr 1', '--hold 2', '--lr 3'] });
      const before = changes().length;
      const { stdout } = await project.cli(['deploy', '--plan', '--json']);
      const output = JSON.parse(stdout);
      expect(outputProblems('deploy --plan', output)).toEqual([]);
      expect(output.plan).toMatch(/^Plan: 1 to add, 0 to change, 0 to destroy\.$/m);
      expect(changes()).toHaveLength(before);
      expect(existsSync(file('terraform-preview'))).toBe(false);
      project.settings(conditions);
    });

    it('terminate --condition brings that one home, ends its machine, and leaves the other', async () => {
      await project.ok([
        'ssh',
        'hold-2',
        '--',
        'sh',
        '-c',
        'until docker ps -q | grep -q .; do sleep 0.2; done',
      ]);
      const before = await project.instances();
      const { code, stdout, stderr } = await project.cli(['terminate', '--yes', '--condition', 'lr-1']);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/^Terminated: lr-1-\w+\. The rest is as it was\./m);
      const now = await project.instances();
      expect([...now.keys()]).toEqual(['hold-2']);
      expect(now.get('hold-2')?.id).toBe(before.get('hold-2')?.id);
      const receipt = project.receipts().find(({ recipe }) => recipe.condition.argv[0] === '--lr');
      expect(receipt).toMatchObject({ state: 'succeeded', collected: expect.stringMatching(/^\d{4}-/) });
      expect(project.deployment.released).toBeNull();
      const { conditions } = await project.json(['status']);
      expect(conditions.map(({ state }) => state)).toEqual(['succeeded', 'running']);
    });

    it('a condition that is none is said, and nothing is ended', async () => {
      const { code, stderr } = await project.cli(['terminate', '--yes', '--condition', 'hodl']);
      expect(code).toBe(2);
      expect(stderr).toContain('Did you mean hold-2');
      expect((await project.instances()).size).toBe(1);
    });

    it('with the last one all is gone', async () => {
      const words = ['terminate', '--yes', '--grace', '0', '--condition', 'hold-2'];
      expect(await project.ok(words)).toContain('Terminated. Results');
      expect(await cloud.listAll()).toEqual([]);
      expect(project.deployment.released).not.toBeNull();
      expect(
        project
          .receipts()
          .map(({ state }) => state)
          .sort(),
      ).toEqual(['stopped', 'succeeded']);
    });
  },
);
