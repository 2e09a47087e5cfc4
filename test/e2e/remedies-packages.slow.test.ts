import { readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suggested } from '../../src/cli/suggestions.js';
import { lacksFor, lacksOf, NotReady } from '../../src/machines/lacks.js';
import { parseSurvey } from '../../src/machines/survey.js';
import { docker, execIn } from '../support/docker.js';
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
      // By its time git could know it, and would not read it.
      utimesSync(join(project.root, 'model.bin'), 1, 1);
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

    it('NotReady: what a machine lacks is installed', async () => {
      const bare = `${name}-bare`;
      const label = ['--label', 'logistician.test=packages'];
      await docker(
        'run',
        '--detach',
        '--init',
        '--network',
        'host',
        '--name',
        bare,
        ...label,
        baseImage,
        'sleep',
        '1800',
      );
      try {
        const inside = (line: string, input = '') => execIn(bare, line, input);
        await inside('apt-get update && apt-get install -y sudo');
        const survey = readFileSync(join(packageRoot, 'templates', 'machine', 'survey.sh'), 'utf8');
        const lacking = async () => {
          const found = parseSurvey(await inside('sh -s -- docker', survey), new Date());
          if (!found) throw new Error('the survey is cut off');
          const needs = { largeFiles: true, sha256: false, secrets: false, gpus: false };
          const lacks = [...lacksOf(found), ...lacksFor(found, needs)].filter(({ tolerable }) => !tolerable);
          const { message, suggestions } = new NotReady(bare, lacks);
          return proposed('NotReady', { name: 'NotReady', message, suggestions: suggested(suggestions) });
        };
        const lines = await lacking();
        expect(lines.map((line) => line.replace(/ {4}#.*/, ''))).toEqual(
          ['docker.io', 'git', 'rsync', 'git-lfs'].map((program) => `sudo apt-get install ${program}`),
        );
        for (const line of lines) await inside(`export DEBIAN_FRONTEND=noninteractive; ${line}`, 'y\n');
        // Nothing starts services there.
        expect(await lacking()).toEqual([`sudo systemctl start docker    # on ${bare}`]);
      } finally {
        await docker('rm', '--force', '--volumes', bare);
      }
    });

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
