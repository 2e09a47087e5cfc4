import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../support/docker.js';
import { baseImage, isMissing } from '../support/engines.js';
import { packageRoot, TestProject } from '../support/project.js';
import { proposed, type Refusal } from '../support/remedy.js';

// What is proposed where a program is missing, on a computer that reaches its packages: the line installs it.
describe.skipIf(isMissing('docker', 'git', 'lfs', 'root'))(
  'N6: a program that is missing is installed',
  () => {
    let project: TestProject;
    const name = `logistician-test-packages-${process.pid}`;

    beforeAll(async () => {
      project = new TestProject({ parameters: { experiment_conditions: ['--lr 1'] } });
      const { repository } = project;
      repository.git('lfs', 'install', '--local');
      repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'large\n' });
      repository.commit('A model');
      repository.git('clone', '--quiet', '--bare', project.root, join(project.scratch, 'origin.git'));
      repository.git('lfs', 'install', '--local');
      repository.git('remote', 'add', 'origin', `file://${join(project.scratch, 'origin.git')}`);
      repository.git('lfs', 'push', '--all', 'origin');
      rmSync(join(project.root, '.git', 'lfs', 'objects'), { recursive: true });
      const same = (path: string) => ['--volume', `${path}:${path}`];
      await docker(
        ...['run', '--detach', '--init', '--network', 'host', '--name', name],
        ...['--label', 'logistician.test=packages', '--workdir', project.experiment],
        ...[packageRoot, project.scratch, process.execPath, '/var/run/docker.sock'].flatMap(same),
        ...['--volume', '/usr/bin/docker:/usr/bin/docker:ro', '--env', `HOME=${project.home}`],
        ...[baseImage, 'sleep', '1800'],
      );
      // `sudo` is what a user has, and git and ssh what a computer has on which it is used.
      await docker(
        ...['exec', name, 'sh', '-c'],
        'apt-get update && apt-get install -y --no-install-recommends git rsync openssh-client sudo procps',
      );
    });
    afterAll(async () => {
      await docker('rm', '--force', '--volumes', name).catch(() => {});
      await project.remove();
    });

    const there = (line: string) =>
      docker('exec', name, 'bash', '-c', `export DEBIAN_FRONTEND=noninteractive; ${line}`);

    it('NoGitLfs: it is installed, and the files are fetched', async () => {
      const cli = `${process.execPath} ${join(packageRoot, 'bin', 'run.js')} deploy --dry-run --json`;
      const refused = async (): Promise<Refusal | null> => {
        const said = await there(`${cli} || :`);
        return (JSON.parse(said.slice(said.indexOf('{'))) as { error?: Refusal }).error ?? null;
      };
      const lines = proposed('NoGitLfs', await refused());
      expect(lines).toEqual(['sudo apt-get install git-lfs', expect.stringMatching(/^git -C \S+ lfs pull$/)]);
      for (const line of lines) await there(line);
      expect(await refused()).toBe(null);
    });
  },
);
