import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BehindProxy } from '../support/cloud/behind-proxy.js';
import type { Call } from '../support/cloud/call.js';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { fastClock } from '../support/fast-clock.js';
import type { Started } from '../support/project.js';
import type { ExecutedElsewhere } from '../support/remedies.js';
import { binOf, paste, proposed, refusedBy, settingIn, toldBy } from '../support/remedy.js';
import { until } from '../support/until.js';

// Against the API alone: no machine answers. That they exist, or are gone, is what the lines are about.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))(
  'N6: what is proposed about machines at AWS is taken in its state',
  () => {
    let cloud: Cloud;
    let proxy: BehindProxy;
    let project: CloudProject;
    let bin: string;

    beforeAll(async () => {
      cloud = await Cloud.start();
      proxy = await BehindProxy.start(cloud.url);
    });
    afterAll(async () => {
      await proxy?.stop();
      await cloud?.remove();
    });
    beforeEach(async () => {
      project = await CloudProject.start(cloud, {
        keptProvider: true,
        parameters: { experiment_conditions: ['--lr 1'] },
      });
      bin = binOf(project);
    });
    afterEach(async () => {
      cloud.endFaults();
      for (const { id } of await cloud.ec2.live())
        await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
      await project?.remove();
    });

    /** None waits long for machines that cannot answer. */
    const soon = fastClock(100);
    const at = (env: NodeJS.ProcessEnv = {}) => ({
      cwd: project.experiment,
      env: { ...project.env, PATH: `${bin}:${process.env.PATH}`, ...soon, ...env },
    });
    const refused = (...words: string[]) => refusedBy(project, words, at());

    const told = (of: ExecutedElsewhere, words: string[], env: NodeJS.ProcessEnv = {}) =>
      toldBy(project, of, words, at(env));

    const conditions = async () => [...(await project.instances()).keys()].sort();
    const ending = ['terminate', '--yes', '--discard', '--grace', '0'];

    async function bringUp(): Promise<void> {
      const deploy = await project.deployed();
      deploy.signal('SIGINT');
      await deploy.ended;
      expect(await conditions()).toEqual(['lr-1']);
    }

    /** Terraform knows of nothing any more. */
    const forgetState = () => writeFileSync(join(project.state, 'terraform', 'terraform.tfstate'), '');

    async function ended(): Promise<void> {
      expect(await conditions()).toEqual([]);
      expect(project.deployment.released).not.toBe(null);
    }

    /** A line that delivers jobs to machines, which none answers: as it stands, until they exist. */
    async function creates(line: string, wanted = ['lr-1'], env: NodeJS.ProcessEnv = {}): Promise<void> {
      const deploy = start(line, env);
      await project.untilUp(deploy);
      deploy.signal('SIGINT');
      await deploy.ended;
      expect(await conditions(), deploy.stderr).toEqual(wanted);
    }

    const start = (line: string, env: NodeJS.ProcessEnv = {}): Started => {
      const really = line.replace(/\blogistician deploy/, 'exec logistician deploy --yes');
      return project.startProgram(['bash', '-c', really], at(env));
    };

    /** A line by which machines, which none answers, accept SSH from other addresses. */
    async function letIn(line: string, range: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
      const deploy = start(line, env);
      await until(`port 22 is open to ${range}`, async () => {
        const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
        return rules.some((rule) => rule.get('toPort') === '22' && rule.get('cidrIpv4') === range);
      });
      await deploy.ended;
    }

    /** A PATH on which a program is another user's. */
    function pathWhere(program: string): string {
      cloud.setAccount('other-user', '999999999999');
      const other = join(project.scratch, 'other-user');
      mkdirSync(other);
      const script = `#!/bin/sh\nPATH=\${PATH#*:}\nAWS_ACCESS_KEY_ID=other-user exec ${program} "$@"\n`;
      writeFileSync(join(other, program), script, { mode: 0o755 });
      return `${other}:${bin}:${process.env.PATH}`;
    }

    const instance = async () => (await project.instances()).get('lr-1');
    const keysOf = (name: string) => `aws_access_key_id = ${name}\naws_secret_access_key = x\n`;

    it('OtherAccount: the profile that it was deployed with, also in a shell that sets keys', async () => {
      await bringUp();
      const file = join(project.home, 'credentials');
      writeFileSync(file, `[mine]\n${keysOf(project.name)}`);
      cloud.setAccount('theirs', '999999999999');
      const theirs = at({ AWS_ACCESS_KEY_ID: 'theirs', AWS_SHARED_CREDENTIALS_FILE: file });
      const lines = proposed('OtherAccount', await refusedBy(project, ['status'], theirs));
      expect(lines).toHaveLength(2);
      const [asProfile = '', look = ''] = lines;
      expect(await paste(look, theirs)).toContain('"999999999999"');
      await paste(`${asProfile.replace(/….*/, 'mine')}\nlogistician status`, theirs);
    });

    it('SplitIdentity: whose keys the CLI has is shown', async () => {
      await bringUp();
      forgetState();
      const how = at({ PATH: pathWhere('aws') });
      const { lines } = await told('SplitIdentity', ending, how.env);
      expect(lines).toEqual([
        expect.stringMatching(/^aws configure list /),
        expect.stringMatching(/^env \| grep \^AWS_ /),
        expect.stringMatching(/^logistician terminate --discard /),
      ]);
      const [whose = '', here = '', again = ''] = lines;
      expect(await paste(whose, how)).toMatch(/access_key +\*+user/);
      expect(await paste(here, how)).toContain(`AWS_ACCESS_KEY_ID=${project.name}`);
      await paste(again, at());
      await ended();
    });

    it('targets/aws/aws.ts: what AWS refused is tried again', async () => {
      const capacity = cloud.fault({ action: 'RunInstances', code: 'InsufficientInstanceCapacity' });
      const { lines } = await told('targets/aws/aws.ts', ['deploy', '--yes']);
      expect(lines).toEqual([expect.stringMatching(/^logistician deploy --retry-failed /)]);
      capacity.end();
      await creates(lines[0] ?? '');
    });

    it('targets/aws/aws.ts: what was cut off is tried again', async () => {
      const expired = cloud.fault({ action: 'RunInstances', code: 'ExpiredToken' });
      const { lines } = await told('targets/aws/aws.ts', ['deploy', '--yes']);
      expired.end();
      expect(lines).toEqual([
        expect.stringMatching(/^export AWS_ACCESS_KEY_ID=/),
        expect.stringMatching(/^unset AWS_ACCESS_KEY_ID /),
        expect.stringMatching(/^logistician deploy /),
      ]);
      await creates(lines[2] ?? '');
    });

    it('TerraformFailed: it is looked at, continues, and is rolled back', async () => {
      const state = join(project.state, 'terraform', 'terraform.tfstate');
      const isOfVersion = (version: number) =>
        writeFileSync(state, readFileSync(state, 'utf8').replace(/"version": *\d+/, `"version": ${version}`));
      // No machine is left from which anything would have to be collected.
      const endAll = async () => {
        for (const { id } of (await project.instances()).values())
          await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
      };
      await bringUp();
      await endAll();
      isOfVersion(99);
      project.settings({ experiment_conditions: ['--lr 1', '--lr 2'] });
      const lines = proposed('TerraformFailed', await refused('deploy', '--yes'));
      expect(lines).toEqual([
        expect.stringMatching(/^logistician deploy {4}# continues/),
        expect.stringMatching(/^logistician terminate {4}# rolls everything back/),
        expect.stringMatching(/^less /),
      ]);
      const [again = '', rollBack = '', look = ''] = lines;
      expect(await paste(look, at())).toMatch(/version/);
      isOfVersion(4);
      await creates(again, ['lr-1', 'lr-2']);
      await endAll();
      isOfVersion(99);
      await paste(rollBack, at());
      await ended();
    });

    it('targets/aws/life/start.ts: a new one in the place of one that is gone', async () => {
      await bringUp();
      const before = await instance();
      const named = { 'InstanceId.1': before?.id ?? '' };
      await cloud.ec2.call('StopInstances', named);
      cloud.fault({
        action: 'StartInstances',
        forgets: true,
        meanwhile: () => void cloud.ec2.call('TerminateInstances', named),
      });
      const { lines, message } = await told('targets/aws/life/start.ts', ['sync']);
      cloud.endFaults();
      expect(message).toMatch(/The machine of lr-1\S+ \(i-\w+\) is gone\./);
      expect(lines).toEqual(['logistician deploy --retry-failed']);
      await creates(lines[0] ?? '');
      expect((await instance())?.id).not.toBe(before?.id);
    });

    it('StillChanging: it is started by the next sync', async () => {
      await bringUp();
      await cloud.ec2.call('StopInstances', { 'InstanceId.1': (await instance())?.id ?? '' });
      const fault = cloud.fault({ action: 'StartInstances', forgets: true });
      const { lines, message } = await told('StillChanging', ['sync']);
      expect(message).toMatch(/has been stopped for fifteen minutes/);
      fault.end();
      expect(lines).toEqual(['logistician sync    # checks again']);
      const sync = project.startProgram(['bash', '-c', `exec ${lines[0]}`], at());
      await until('it runs', async () => (await instance())?.state === 'running');
      sync.signal('SIGKILL');
    });

    it('targets/aws/cleanup/end.ts: its state is shown, and it is ended by the next terminate', async () => {
      await bringUp();
      forgetState();
      const fault = cloud.fault({ action: 'TerminateInstances', forgets: true });
      const { lines, message } = await told('targets/aws/cleanup/end.ts', ending);
      expect(message).toMatch(/AWS has not terminated i-\w+ \(running\) in ten minutes/);
      fault.end();
      const [look = '', again = '', ...others] = lines;
      expect(others).toEqual([]);
      expect(await paste(look, at())).toMatch(/"i-\w+",\s+"running"/);
      await paste(again, at());
      await ended();
    });

    it('targets/aws/rental.ts: another address is let in by the next deploy', async () => {
      await bringUp();
      project.settings({ experiment_conditions: ['--lr 1'], aws_ssh_cidr: '192.0.2.7/32' });
      const fault = cloud.fault({ action: /Authorize|ModifySecurityGroupRules/, code: 'InternalError' });
      const lines = proposed('targets/aws/rental.ts', await refused('deploy', '--yes'));
      fault.end();
      expect(lines).toEqual(['logistician deploy    # tries again']);
      await letIn(lines[0] ?? '', '192.0.2.7/32');
    });

    it('targets/aws/life/boot.ts: the own address is let in', async () => {
      const behind = proxy.env;
      // It is created through the proxy, and no address of the internet leads anywhere.
      project.settings({ experiment_conditions: ['--lr 1'], aws_ssh_address: 'public' });
      const { lines } = await told('targets/aws/life/boot.ts', ['deploy', '--yes'], behind);
      const [look = '', setting = '', ...others] = lines;
      expect(others).toEqual([]);
      const shown = await paste(look, at({ ...behind, CURL_CA_BUNDLE: behind.AWS_CA_BUNDLE }));
      expect(shown).toBe(`${proxy.address}\n`);
      project.settings({
        experiment_conditions: ['--lr 1'],
        aws_ssh_address: 'public',
        ...settingIn(setting),
      });
      await letIn('logistician deploy', '203.0.113.0/24', behind);
    });

    it('targets/aws/aws.ts: a machine without an address is ended, and another subnet taken', async () => {
      const settings = {
        experiment_conditions: ['--lr 1'],
        aws_subnet_id: undefined,
        aws_ssh_address: 'public',
        aws_ssh_cidr: '192.0.2.1/32',
      };
      project.settings(settings);
      // Its subnet gives none any more.
      const instead = (text: string) => text.replaceAll(/<(ipAddress|association)>.*?<\/\1>/gs, '');
      cloud.fault({ action: 'DescribeInstances', instead });
      const { lines, message } = await told('targets/aws/aws.ts', ['deploy', '--yes']);
      expect(message).toMatch(/is running \(i-\w+\) but got no public address/);
      const [end = '', look = '', ...others] = lines;
      expect(others).toEqual([]);
      const shown = JSON.parse(await paste(look, at())) as [string, boolean][];
      await paste(end, at());
      await ended();
      cloud.endFaults();
      const [other] = shown.find(([, isPublic]) => isPublic) ?? [];
      project.settings({ ...settings, aws_subnet_id: other });
      await creates('logistician deploy');
      expect(project.deployment.places[0]).toMatchObject({ own: { address: expect.any(String) } });
    });

    it('operations/end/give-back.ts: with the lines of what went wrong', async () => {
      await bringUp();
      const before = await instance();
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': before?.id ?? '' });
      // Of ours alone: Terraform's provider runs with the old ones.
      const isOld = ({ key, parameters }: Call) => key === project.name && parameters.has('Filter.1.Name');
      const fault = cloud.fault({ action: 'DescribeKeyPairs', code: 'ExpiredToken', when: isOld });
      const words = ['deploy', '--yes', '--retry-failed'];
      const refusal = await refused(...words);
      const [newKeys = ''] = proposed('operations/end/give-back.ts', refusal);
      expect(refusal?.message).toContain('Machines that must be replaced could not be terminated');
      const filled = newKeys.replace(/ {4}#.*/, '').replaceAll('…', 'new');
      await creates(`${filled}\nlogistician deploy --retry-failed`);
      fault.end();
      expect((await instance())?.id).not.toBe(before?.id);
    });

    it('NotThereYet: deploy creates what is missing', async () => {
      const fault = cloud.fault({ action: 'ImportKeyPair', code: 'InternalError' });
      const deploy = project.start(['deploy', '--yes'], at());
      await until('the key is asked for', () => fault.hits > 0);
      deploy.signal('SIGKILL');
      fault.end();
      const lines = proposed('NotThereYet', await refused('logs', 'lr-1'));
      expect(lines).toHaveLength(1);
      await creates(lines[0] ?? '');
    });
  },
);
