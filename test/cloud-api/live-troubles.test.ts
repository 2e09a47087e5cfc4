import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsAt } from '../../src/targets/aws/place.js';
import { namedInstances } from '../support/cloud/call.js';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';
import { copyOfPackage } from '../support/project.js';
import { until } from '../support/until.js';

const discard = ['terminate', '--yes', '--discard', '--grace', '0'];

// Against the API alone: no machine answers, and none has to.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('machines at AWS that are there', () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    project = await CloudProject.start(cloud, {
      keptProvider: true,
      parameters: { experiment_conditions: ['--lr 1', '--lr 2'] },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  const ids = async () =>
    new Map([...(await project.instances())].map(([condition, { id }]) => [condition, id]));

  async function bringUp(program?: string): Promise<string> {
    const deploy = await project.deployed(program);
    deploy.signal('SIGINT');
    return (await deploy.ended).stderr;
  }

  it('are one a condition, also where AWS comes late with what another user had asked for', async () => {
    cloud.fault({
      action: 'RunInstances',
      times: 1,
      meanwhile: ({ parameters }) => void cloud.ec2.call('RunInstances', Object.fromEntries(parameters)),
    });
    expect(await bringUp()).toMatch(
      /^i-\w+ was created late, for a Terraform that was killed: terminating it\.$/m,
    );
    const live = (await cloud.ec2.live()).map(({ tags }) => tags['logistician.condition']?.slice(0, 4));
    expect(live.sort()).toEqual(['lr-1', 'lr-2']);
    expect([...(await ids()).values()].sort()).toEqual(
      project.deployment.places.map((place) => awsAt(place).instance).sort(),
    );
  });

  /** Takes the rules of the machines' firewall out of Terraform's state, as if it had been killed before it wrote them
   *  down. @returns the firewall's id */
  function forgetRules(): string {
    const path = join(project.state, 'terraform', 'terraform.tfstate');
    const state = JSON.parse(readFileSync(path, 'utf8')) as {
      resources: { type: string; instances: { attributes: { id: string } }[] }[];
    };
    const group = state.resources.find(({ type }) => type === 'aws_security_group');
    const resources = state.resources.filter(({ type }) => !type.endsWith('gress_rule'));
    expect(state.resources.length - resources.length).toBe(3);
    writeFileSync(path, JSON.stringify({ ...state, resources }));
    return group?.instances[0]?.attributes.id ?? '';
  }

  const portsOf = async (group: string) => {
    const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
    return rules.filter((rule) => rule.get('groupId') === group).map((rule) => rule.get('fromPort'));
  };

  it('are left alone by a newer version with other settings, a condition more, a machine less and rules that no state knows', async () => {
    const before = await ids();
    await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': before.get('lr-2') ?? '' });
    const newer = join(project.scratch, 'newer');
    copyOfPackage(newer);
    const template = join(newer, 'templates', 'machine', 'cloud-init.yaml');
    writeFileSync(template, `${readFileSync(template, 'utf8')}    echo newer\n`);
    const firewall = forgetRules();
    // Another user has let in one more by hand.
    const permission = {
      IpProtocol: 'tcp',
      FromPort: '8080',
      ToPort: '8080',
      'IpRanges.1.CidrIp': '192.0.2.9/32',
    };
    await cloud.ec2.call('AuthorizeSecurityGroupIngress', {
      GroupId: firewall,
      ...Object.fromEntries(
        Object.entries(permission).map(([key, value]) => [`IpPermissions.1.${key}`, value]),
      ),
    });
    project.settings({
      experiment_conditions: ['--lr 1', '--lr 2', '--lr 3'],
      aws_instance_type: 't3.medium',
      aws_ami: cloud.image('gpu'),
    });
    const calls = cloud.calls.length;
    await bringUp(join(newer, 'bin', 'run.js'));
    const after = await project.instances();
    expect([...after.keys()].sort()).toEqual(['lr-1', 'lr-3']);
    expect(after.get('lr-1')?.id).toBe(before.get('lr-1'));
    expect((await portsOf(firewall)).sort()).toEqual(['-1', '-1', '22', '8080']);
    expect(after.get('lr-3')).toMatchObject({ type: 't3.medium', image: cloud.image('gpu') });
    const told = Buffer.from(await cloud.ec2.attribute(after.get('lr-3')?.id ?? '', 'userData'), 'base64');
    expect(told.toString()).toContain('echo newer');
    const changes = cloud.calls
      .slice(calls)
      .filter(({ action }) => !/^(Describe|Get)/.test(action))
      .filter((call) => namedInstances(call).includes(before.get('lr-1') ?? ''));
    expect(changes.map(({ action }) => action)).toEqual([]);
  });

  it('C4: start again as a small type, by the line of the error, where AWS has no other for a stopped one', async () => {
    const { id = '' } = (await project.instances()).get('lr-3') ?? {};
    await cloud.ec2.call('StopInstances', { 'InstanceId.1': id });
    const fault = cloud.fault({ action: 'StartInstances', code: 'InsufficientInstanceCapacity' });
    const refused = await project.cli(['sync'], { env: { AWS_MAX_ATTEMPTS: '1' } });
    expect(refused.code, refused.stdout).toBe(1);
    fault.end();
    const [line = ''] = /aws [^#]* modify-instance-attribute [^#]*/.exec(refused.stderr) ?? [];
    expect(refused.stderr).toContain(`AWS has no t3.medium now to start the machine of lr-3`);
    const { code, stderr } = await project.startProgram(['sh', '-c', line]).ended;
    expect(code, `${line}\n${stderr}`).toBe(0);
    const sync = project.start(['sync']);
    const isOn = async () => (await project.instances()).get('lr-3')?.state === 'running';
    await until('it runs again', isOn);
    sync.signal('SIGKILL');
    expect((await project.instances()).get('lr-3')).toMatchObject({ id, type: 't3.small' });
  });

  it('are not taken for lost, and nothing is ended, by a user of another account', async () => {
    const path = join(project.state, 'deployment.json');
    const text = readFileSync(path, 'utf8');
    const elsewhere = text.replaceAll(/"account": "\d+"/g, '"account": "999999999999"');
    expect(elsewhere).not.toBe(text);
    writeFileSync(path, elsewhere);
    const before = [(await ids()).size, project.receipts()];
    for (const words of [['status'], discard]) {
      const { code, stderr } = await project.cli(words);
      expect(stderr).toMatch(
        /are in the AWS account 999999999999, and your credentials belong to \d+\.\n[\s\S]*AWS_PROFILE/,
      );
      expect(code).toBe(1);
    }
    expect([(await ids()).size, project.receipts()]).toEqual(before);
    writeFileSync(path, text);
  });

  it('go on where credentials expire while they are ended, and it is said how to sign in', async () => {
    cloud.fault({
      action: 'TerminateInstances',
      times: 1,
      code: 'ExpiredToken',
      meanwhile: () => cloud.fault({ action: /./, code: 'ExpiredToken' }),
    });
    const { code, stderr } = await project.cli(discard);
    cloud.endFaults();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Not every rented machine could be terminated:\n {2}Your AWS credentials have expired\.\n\n {2}Try:\n/,
    );
    expect(stderr).toMatch(/aws sso login[\s\S]*logistician terminate --discard {4}# again$/m);
    expect(project.deployment.released).toBeNull();
  });

  it('are not forgotten where AWS is gone while they are ended', async () => {
    cloud.fault({ action: 'TerminateInstances', times: 1, meanwhile: () => cloud.goDown() });
    const { code, stderr } = await project.cli(discard);
    await cloud.comeBack();
    cloud.endFaults();
    expect(code).toBe(1);
    expect(stderr).toMatch(/Not every rented machine could be terminated:\n[\s\S]*logistician terminate/);
    expect(project.deployment.released).toBeNull();
  });

  it('are all gone by the next terminate after a Ctrl-C of the one before', async () => {
    const terminate = project.start(discard);
    const ending = cloud.calls.length;
    await until('it has begun to terminate machines', () =>
      cloud.calls.slice(ending).some(({ action }) => /^(Terminate|Revoke|Delete)/.test(action)),
    );
    terminate.signal('SIGINT');
    expect((await terminate.ended).code).toBe(130);
    const { code, stdout, stderr } = await project.cli(discard);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(await cloud.listAll()).toEqual([]);
    expect(project.deployment.released).not.toBeNull();
  });
});
