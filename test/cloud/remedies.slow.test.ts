import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { binOf, paste, proposed, refusedBy, toldBy } from '../support/remedy.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('docker', 'moto', 'terraform', 'aws', 'sshd', 'root'))(
  'N6: what is proposed about machines at AWS that answer is taken in its state',
  () => {
    let cloud: Cloud;
    let project: CloudProject;
    let bin: string;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 2 });
      project = await CloudProject.start(cloud, {
        keptProvider: true,
        parameters: { experiment_conditions: ['--lr 1'] },
      });
      bin = binOf(project);
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    const at = () => ({
      cwd: project.experiment,
      env: { ...project.env, PATH: `${bin}:${process.env.PATH}` },
    });

    async function deployed(): Promise<void> {
      const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--force'], at());
      expect(code, `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`).toBe(0);
      const isDone = async () =>
        (await project.json(['status'])).conditions.every(({ state }) => state === 'succeeded');
      await until('all have succeeded', isDone);
    }
    const ended = async () => expect(await cloud.listAll()).toEqual([]);

    it('targets/aws/stack/plan.ts: it is ended first, with all that it has', async () => {
      await deployed();
      project.settings({
        experiment_conditions: ['--lr 1', '--lr 2'],
        aws_subnet_id: undefined,
        aws_ssh_cidr: '192.0.2.1/32',
      });
      const refusal = await refusedBy(project, ['deploy', '--dry-run'], at());
      const [line = '', ...others] = proposed('targets/aws/stack/plan.ts', refusal);
      expect([refusal?.message, others]).toEqual([expect.stringContaining('aws_subnet_id has changed'), []]);
      await paste(line, at());
      await ended();
      expect(await refusedBy(project, ['deploy', '--dry-run'], at())).toBe(null);
      expect(project.receipt().collected).not.toBe(null);
    });

    it('StateLost: all is ended by its tag, and deployed again', async () => {
      project.settings({ experiment_conditions: ['--lr 1'] });
      await deployed();
      writeFileSync(join(project.state, 'terraform', 'terraform.tfstate'), '');
      project.settings({ experiment_conditions: ['--lr 1', '--lr 3'] });
      const { lines } = await toldBy(project, 'StateLost', ['deploy', '--yes'], at());
      const [end = '', again = '', ...others] = lines;
      expect(others).toEqual([]);
      await paste(end, at());
      await ended();
      await paste(`${again} --wait`, { ...at(), really: true });
      expect(project.receipts().map(({ state }) => state)).not.toContain('lost');
      await ended();
    });

    it('targets/aws/life/machines.ts: it is started, collected and ended', async () => {
      project.settings({ experiment_conditions: ['--hold 1'] });
      const { code, stderr } = await project.cli(['deploy', '--yes'], at());
      expect(code, stderr).toBe(0);
      const isRunning = async () => (await project.json(['status'])).conditions[0]?.state === 'running';
      await until('the job runs', isRunning);
      const held = async () => (await project.instances()).get('hold-1');
      await cloud.ec2.call('StopInstances', { 'InstanceId.1': (await held())?.id ?? '' });
      await until('it has stopped', async () => (await held())?.state === 'stopped');
      const { lines } = await toldBy(project, 'targets/aws/life/machines.ts', ['stop'], at());
      const [sync = '', end = '', ...others] = lines;
      expect(others).toEqual([]);
      await paste(sync, at());
      // All of it in one go, so that the machine is not needed any more.
      const [run] = project.runs.slice(-1);
      expect(project.readRun(run, 'data', 'logs', 'docker.txt')).toContain('holding 1');
      expect(project.receipt(run)).toMatchObject({ collected: expect.any(String) });
      expect((await held())?.state).toMatch(/^stopp(ing|ed)$/);
      await paste(end, at());
      await ended();
    });
  },
);

/** A boot that leaves out one thing. */
const careless = (userData: string) =>
  userData.replace(/usermod --append --groups docker \w+/, 'echo no user for Docker');

describe.skipIf(isMissing('docker', 'moto', 'terraform', 'aws', 'sshd', 'root'))(
  'N6: what is proposed about machines at AWS that cannot run jobs is taken in its state',
  () => {
    let cloud: Cloud;
    let project: CloudProject;

    beforeAll(async () => {
      cloud = await Cloud.start({ machines: 1, instead: careless });
      const parameters = { experiment_conditions: ['--lr 1'] };
      project = await CloudProject.start(cloud, { keptProvider: true, parameters });
    });
    afterAll(async () => {
      await project?.remove();
      await cloud?.remove();
    });

    it('targets/aws/life/boot.ts: why is shown, and it gets its job once that is mended', async () => {
      const at = {
        cwd: project.experiment,
        env: { ...project.env, PATH: `${binOf(project)}:${process.env.PATH}` },
      };
      const { lines, message } = await toldBy(project, 'targets/aws/life/boot.ts', ['deploy', '--yes'], at);
      expect(message).toContain('cannot run jobs as it is. Docker: user ubuntu may not use it.');
      const [look = '', again = '', ...others] = lines;
      expect(others).toEqual([]);
      expect(await paste(look, at)).toContain('no user for Docker');
      const { id = '' } = (await project.instances()).get('lr-1') ?? {};
      await cloud.machine(id).exec('usermod --append --groups docker ubuntu');
      await paste(again, { ...at, really: true });
      const isDone = async () =>
        (await project.json(['status'])).conditions.every(({ state }) => state === 'succeeded');
      await until('it has succeeded', isDone);
      await paste('logistician terminate', at);
      expect(await cloud.listAll()).toEqual([]);
    });
  },
);
