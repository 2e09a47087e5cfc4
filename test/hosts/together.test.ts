import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { onHosts } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { TestProject } from '../support/project.js';

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))(
  'experiments of one project on one machine',
  () => {
    let fleet: Fleet;
    let project: TestProject;
    const names = ['one', 'two', 'three', 'four'];

    beforeAll(async () => {
      fleet = await Fleet.start({ gpu1: {} });
      project = onHosts(fleet, { parameters: settings('') });
      for (const name of names.slice(1))
        project.repository.write({
          [`experiments/${name}/Dockerfile`]: `FROM ${baseImage}\n`,
          [`experiments/${name}/parameters.json`]: JSON.stringify({
            experiment_name: `${project.name}-${name}`,
            experiment_command: 'sh job.sh',
            ...settings(name),
          }),
        });
      project.repository.commit('More experiments');
    });
    afterAll(async () => {
      await project?.remove();
      await fleet?.remove();
    });

    const settings = (name: string) => ({
      target: 'hosts',
      hosts: [{ address: 'gpu1', slots: 1 }],
      experiment_conditions: [`--lr 1 ${name}`],
    });
    const folder = (name: string) => join(project.root, 'experiments', name);
    const atOnce = (words: readonly string[]) =>
      Promise.all(names.map((name) => project.cli(words, { cwd: folder(name) })));

    it('M16, T21: deployed at once, all go through: into no repository yet, and a new commit into the one there', async () => {
      for (const round of [1, 2]) {
        for (const { code, stderr } of await atOnce(['deploy', '--yes', '--wait']))
          expect(code, stderr).toBe(0);
        for (const name of names) {
          const receipts = project.receiptsIn(folder(name));
          expect(receipts.map(({ state }) => state)).toEqual(Array(round).fill('succeeded'));
          expect(receipts.at(-1)?.recipe.source.commit).toBe(project.repository.head);
        }
        project.repository.write({ 'more.txt': `${round}\n` });
        project.repository.commit('More');
      }
      for (const { code, stderr } of await atOnce(['terminate', '--yes'])) expect(code, stderr).toBe(0);
      expect(await fleet.get('gpu1').exec('docker ps --all --quiet')).toBe('');
    });
  },
);
