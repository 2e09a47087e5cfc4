import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { until } from '../support/until.js';

const source = `source-${process.pid}-marker`;
const secret = `token-${process.pid}-of-mine`;

const isImpostor = ({ tags }: { tags: Readonly<Record<string, string>> }) =>
  tags['logistician.condition']?.startsWith('lr-1-');

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'a machine at AWS that is an impostor from the beginning',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({
        machines: 2,
        // It has all of its user data but the host key, so that cloud-init makes it one: who it is, it cannot prove.
        instead: (text, instance) =>
          isImpostor(instance) ? text.replace(/^ssh_keys:\n(?: .*\n)+/m, '') : text,
      });
      project = await CloudProject.start(cloud, {
        keptProvider: true,
        parameters: {
          experiment_conditions: ['--lr 1', '--lr 2'],
          experiment_command: 'sh rate.sh',
          secrets: ['TOKEN'],
        },
        files: { 'rate.sh': `# ${source}\nprintf %s "$TOKEN" | wc -c >/data/results/length.txt\n` },
      });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const cli = (words: readonly string[]) => project.cli(words, { env: { TOKEN: secret } });
    const machine = async (condition: string) =>
      cloud.machine((await project.instances()).get(condition)?.id ?? '');

    it('is refused at the first connection, and the other machine goes on', async () => {
      const { code, stdout, stderr } = await cli(['deploy', '--yes']);
      expect(stderr, `${stdout}\n${cloud.problems.join('\n')}`).toMatch(
        /lr-1-\w+ shows another host key .* Nothing was sent to it/,
      );
      expect(code).toBe(1);
      await until(
        'the other has ended',
        async () => (await project.json(['status'])).conditions[1]?.state === 'succeeded',
      );
    });

    it('is told nothing, however often one asks', async () => {
      for (const words of [['deploy', '--yes'], ['sync'], ['logs', 'lr-1'], ['ssh', 'lr-1', '--', 'true']]) {
        const { code, stdout, stderr } = await cli(words);
        expect(`${stdout}${stderr}`).toMatch(/another host key|Host key verification failed|REMOTE HOST/);
        expect(code).not.toBe(0);
      }
      const [impostor, honest] = [await machine('lr-1'), await machine('lr-2')];
      const logins = 'journalctl --quiet --unit ssh | grep -c "Accepted publickey" || :';
      expect(Number(await impostor.exec(logins))).toBe(0);
      expect(Number(await honest.exec(logins))).toBeGreaterThan(0);
      for (const text of [source, secret, project.name]) expect(await impostor.findText(text)).toEqual([]);
      expect(await honest.findText(project.name)).not.toEqual([]);
      expect(await honest.findText(secret)).toEqual([]);
    });

    it('is ended, once its data is given up', async () => {
      const refused = await cli(['terminate', '--yes', '--grace', '0']);
      expect(refused.stderr).toContain('--discard');
      expect(refused.code).toBe(1);
      const [length] = project.runs.filter((run) => run.includes('lr-2'));
      expect(project.readRun(length, 'data', 'results', 'length.txt').trim()).toBe(`${secret.length}`);
      const { code, stdout, stderr } = await cli(['terminate', '--yes', '--grace', '0', '--discard']);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(await cloud.listAll()).toEqual([]);
    });
  },
);
