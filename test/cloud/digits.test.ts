import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { digits, digitsImage, digitsProject, shortTraining } from '../support/digits.js';
import { isLeftOut } from '../support/engines.js';
import { onHosts, well } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { TestProject } from '../support/project.js';

const sameBytes = { verdict: 'same bytes', files: { compared: 3, different: [] }, kept: null };

// Their machines begin with the layers of the example's image: a build there takes each step from its cache.
describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))(
  'the digits example, here and on a machine',
  () => {
    let fleet: Fleet;
    let project: TestProject;

    beforeAll(async () => {
      fleet = await Fleet.start({ gpu1: {} }, [digitsImage()]);
      project = onHosts(fleet, digitsProject);
    });
    afterAll(async () => {
      await project?.remove();
      await fleet?.remove();
    });

    const check = () => project.json(['reproduce', 'last', '--check']);
    const again = ['--yes', '--wait', '--', ...shortTraining];

    it('has a run of this computer, which reproduce --check calls the same bytes', async () => {
      await well(project, ['deploy', '--target', 'local', ...again]);
      expect(project.receipt()).toMatchObject({ target: 'local', recipe: { source: { snapshot: false } } });
      expect(await check()).toMatchObject(sameBytes);
    });

    it('has a run of a machine, at the snapshot of a dirty tree: the same bytes', async () => {
      const changed = `${digits.program}`.replace('/ 16', '/ 32');
      expect(changed).not.toBe(`${digits.program}`);
      project.repository.write({ 'examples/digits/train.py': changed });
      await well(project, ['deploy', '--target', 'hosts', '--snapshot', ...again]);
      expect(project.receipt()).toMatchObject({
        target: 'hosts',
        machine: { name: 'gpu1' },
        recipe: { source: { snapshot: true, live: false } },
      });
      // Of the tree as it was, and not as it is now.
      project.repository.git('checkout', '--quiet', '--', '.');
      expect(await check()).toMatchObject(sameBytes);
    });
  },
);

describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'the digits example at AWS',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 1, images: [digitsImage()] });
      const { files, parameters } = digitsProject;
      const { target: _, ...settings } = parameters;
      project = await CloudProject.start(cloud, { keptProvider: true, files, parameters: settings });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    it('has a run at AWS, of a machine that is gone, which reproduce --check calls the same bytes', async () => {
      const words = ['deploy', '--yes', '--wait', '--', ...shortTraining];
      const { code, stdout, stderr } = await project.cli(words);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(project.receipt()).toMatchObject({ target: 'aws', state: 'succeeded' });
      expect(await cloud.listAll()).toEqual([]);
      expect(await project.json(['reproduce', 'last', '--check'])).toMatchObject(sameBytes);
    });
  },
);
