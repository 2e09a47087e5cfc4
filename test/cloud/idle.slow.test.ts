import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';
import { Terminal } from '../support/terminal.js';
import { until } from '../support/until.js';

const settings = { experiment_conditions: ['--hold 1', '--lr 2'], idle_minutes: 0.1 };

/** A computer that vanished is found out within seconds, not minutes. */
const impatient = (userData: string) =>
  userData.replace('_time=300', '_time=2').replace('_intvl=60', '_intvl=1').replace('_probes=5', '_probes=2');

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))(
  'machines at AWS that are idle',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2, instead: impatient });
      project = await CloudProject.start(cloud, { parameters: settings, keptProvider: true });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const state = async (condition: string) => (await project.instances()).get(condition)?.state;
    const stopped = (condition: string) =>
      until(`${condition} has stopped`, async () => (await state(condition)) === 'stopped');
    const receipt = (condition: string) =>
      project.receipts().find(({ recipe }) => recipe.condition.argv[0] === condition);
    // Longer than it takes an idle one to stop.
    const whileIdle = () => new Promise((resolve) => setTimeout(resolve, 12_000));

    it('stop, their disks kept, and not while a job runs, a user is there, or something is copied', async () => {
      const { code, stdout, stderr } = await project.cli(['deploy', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(stdout).toContain('each stops, its disk kept, after 0.1 idle minutes');
      await stopped('lr-2');
      expect(await state('hold-1')).toBe('running');

      const person = Terminal.logistician(project, ['ssh', 'hold-1']);
      await person.shows(/\$ $/);
      const machine = cloud.machine((await project.instances()).get('hold-1')?.id ?? '');
      const results = '/home/ubuntu/logistician/*/*-hold-1-*/data/results';
      await until('its job runs', () => machine.exec(`cd ${results} && touch go && pwd || :`));
      await until('its job has ended', async () => !(await machine.exec('docker ps --quiet')));
      await whileIdle();
      expect(await state('hold-1')).toBe('running');

      const copying = machine.exec('head -c 2000000 /dev/zero >/var/a; rsync --bwlimit=100 /var/a /var/b');
      person.enter('exit');
      expect(await person.ended).toBe(0);
      await whileIdle();
      expect(await state('hold-1')).toBe('running');
      await copying;
      await stopped('hold-1');
    });

    it('are started by sync, which collects what it is to, and stop again', async () => {
      const status = await project.json(['status']);
      const why = expect.stringContaining('is stopped, and its disk is kept');
      expect(status.unreachable.map(({ why }) => why)).toEqual([why, why]);
      expect(await project.ok(['sync', '--only', 'results'])).toMatch(/, 2 have data in runs\.$/m);
      for (const condition of ['--hold', '--lr'])
        expect(receipt(condition)).toMatchObject({ state: 'succeeded', collected: null });
      expect(project.readRun(receipt('--lr')?.id, 'data', 'results', 'rate.txt')).toBe('2\n');
      await Promise.all(['hold-1', 'lr-2'].map(stopped));
    });

    it('that AWS starts and does not stop again are told of, and stop by themselves', async () => {
      const fault = cloud.fault({ action: 'StopInstances', code: 'UnsupportedOperation' });
      const { code, stdout, stderr } = await project.cli(['sync', '--only', 'logs']);
      fault.end();
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stderr).toContain('UnsupportedOperation');
      await Promise.all(['hold-1', 'lr-2'].map(stopped));
    });

    it('are started by deploy --wait, begun again after a night, which leaves nothing', async () => {
      const { code, stdout, stderr } = await project.cli(['deploy', '--wait', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      for (const condition of ['--hold', '--lr'])
        expect(receipt(condition)).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
      expect(await cloud.listAll()).toEqual([]);
      expect(beyondPolicy(cloud)).toEqual([]);
    });

    it('B2: stop where no job was brought, and the next deploy starts them and brings it', async () => {
      project.settings({ ...settings, experiment_conditions: ['--lr 3'] });
      project.repository.commit('Another rate');
      const deploy = await project.deployed();
      deploy.signal('SIGKILL');
      const { id = '' } = (await project.instances()).get('lr-3') ?? {};
      const machine = cloud.machine(id);
      await until('it has booted', () =>
        machine.exec(
          '[ -e /run/logistician-unused.sh ] && systemctl is-active logistician-unused.timer || :',
        ),
      );
      // What the timer does half an hour later.
      await machine.exec('sh /run/logistician-unused.sh');
      await stopped('lr-3');
      const { code, stdout, stderr } = await project.cli(['deploy', '--wait', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      expect(receipt('--lr')).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
      expect(await cloud.listAll()).toEqual([]);
    });

    it('stop where the computer of the user at the terminal has vanished', async () => {
      project.settings({ ...settings, experiment_conditions: ['--hold 4'] });
      project.repository.commit('One more');
      const { code, stdout, stderr } = await project.cli(['deploy', '--yes']);
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      const machine = cloud.machine((await project.instances()).get('hold-4')?.id ?? '');
      const person = Terminal.logistician(project, ['ssh', 'hold-4']);
      await person.shows(/\$ $/);
      // It says nothing any more, not even goodbye.
      await machine.cutLink();
      person.kill();
      const results = '/home/ubuntu/logistician/*/*-hold-4-*/data/results';
      await until('its job runs', () => machine.exec(`cd ${results} && touch go && pwd || :`));
      await stopped('hold-4');
      expect((await project.cli(['terminate', '--yes', '--discard'])).code).toBe(0);
      expect(await cloud.listAll()).toEqual([]);
    });
  },
);
