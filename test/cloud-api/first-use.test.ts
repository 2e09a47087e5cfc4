import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awsAt } from '../../src/targets/aws/place.js';
import { Cloud } from '../support/cloud/cloud.js';
import { atCloud, CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';

// What a first night at AWS meets. Against the API alone: no machine answers, and none has to.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('the first use of AWS', () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    return () => cloud.remove();
  });
  afterEach(async () => {
    cloud.endFaults();
    cloud.setPolicy(policy);
    for (const { id } of await cloud.ec2.live())
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
    await project?.remove();
  });

  const policy = readFileSync(new URL('../../stacks/policy.json', import.meta.url), 'utf8');

  /** @param settings other than that the machines are in no subnet, and reached at a public address */
  async function start(settings: Readonly<Record<string, unknown>> = {}, keptProvider = true): Promise<void> {
    project = await CloudProject.start(cloud, { keptProvider });
    project.setParameters({
      target: 'aws',
      aws_instance_type: 't3.small',
      aws_ssh_cidr: '192.0.2.1/32',
      experiment_conditions: ['--lr 1', '--lr 2'],
      ...settings,
    });
  }

  const calls = (action: string) => project.calls.filter((call) => call.action === action);

  /** A PATH on which a program is another user's. */
  function pathWhere(program: string): string {
    const folder = join(project.scratch, 'other-user');
    const script = `#!/bin/sh\nPATH=\${PATH#*:}\nAWS_ACCESS_KEY_ID=other exec ${program} "$@"\n`;
    mkdirSync(folder);
    writeFileSync(join(folder, program), script, { mode: 0o755 });
    return `${folder}:${process.env.PATH}`;
  }

  it('A1: makes machines in no subnet, with stacks/policy.json alone', async () => {
    await start();
    const deploy = await project.deployed();
    deploy.signal('SIGINT');
    await deploy.ended;
    expect((await project.instances()).size).toBe(2);
    for (const place of project.deployment.places)
      expect(awsAt(place).address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    for (const { parameters } of calls('RunInstances')) {
      expect(parameters.get('SubnetId')).toBeNull();
      expect(parameters.get('NetworkInterface.1.SubnetId')).toBeNull();
    }
    // Their addresses lead nowhere, which would take its time.
    for (const { id } of await cloud.ec2.live())
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
    await project.ok(['terminate', '--yes', '--discard', '--grace', '0']);
    expect(await cloud.listAll()).toEqual([]);
    expect(project.calls.filter(({ error }) => error === 'UnauthorizedOperation')).toEqual([]);
  });

  it('B3: what AWS refuses for good ends deploy --wait, and no machine is made', async () => {
    await start();
    const { Statement, ...rest } = JSON.parse(policy) as { Statement: { Sid: string }[] };
    cloud.setPolicy(
      JSON.stringify({
        ...rest,
        Statement: Statement.filter(({ Sid }) => Sid !== 'MakeRulesThatBearOurTag'),
      }),
    );
    const { code, stderr } = await project.cli(['deploy', '--yes', '--wait']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('No more is tried for what could not be delivered');
    expect(stderr).toMatch(/UnauthorizedOperation[\s\S]*security-group-rule/);
    expect(calls('RunInstances')).toEqual([]);
    expect(stderr.match(/terraform -chdir=\S+ apply/g)).toHaveLength(2);
    await project.ok(['terminate', '--yes']);
  });

  it('B1: a machine that runs is not said to be refused, also if AWS refuses something after it was made', async () => {
    await start({ ...atCloud(cloud), experiment_conditions: ['--lr 1'] });
    const fault = cloud.fault({
      action: 'DescribeVolumes',
      code: 'UnsupportedOperation',
      message: 'Unsupported: InsufficientInstanceCapacity is none of it',
    });
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code, stderr).toBe(1);
    expect(fault.hits).toBeGreaterThan(0);
    expect((await project.instances()).size).toBe(1);
    expect(awsAt(project.deployment.places[0] as never).refused).toBeNull();
    const { conditions } = await project.json(['status']);
    expect(conditions[0]).toMatchObject({ state: 'pending' });
    cloud.endFaults();
    await project.ok(['terminate', '--yes', '--grace', '0']);
    expect((await project.instances()).size).toBe(0);
  });

  it('B4: where Terraform has the credentials of another account nothing is made', async () => {
    await start({}, false);
    cloud.setAccount('other', '999999999999');
    const { code, stderr } = await project.cli(['deploy', '--yes'], {
      env: { PATH: pathWhere('terraform') },
    });
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('999999999999');
    expect(cloud.calls.filter(({ key }) => key === 'other').map(({ action }) => action)).not.toContain(
      'ImportKeyPair',
    );
    expect(await cloud.listAll()).toEqual([]);
    await project.ok(['terminate', '--yes']);
  });

  it('B4: where the CLI has the credentials of another account nothing is ended', async () => {
    await start({ ...atCloud(cloud), experiment_conditions: ['--lr 1'] });
    const deploy = await project.deployed();
    deploy.signal('SIGINT');
    await deploy.ended;
    // Terraform knows of none, so that the CLI would end it.
    writeFileSync(join(project.state, 'terraform', 'terraform.tfstate'), '');
    cloud.setAccount('other', '999999999999');
    const { code, stderr } = await project.cli(['terminate', '--yes', '--discard', '--grace', '0'], {
      env: { PATH: pathWhere('aws') },
    });
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('The AWS CLI acts in the account 999999999999');
    expect((await project.instances()).size).toBe(1);
    for (const { id } of await cloud.ec2.live())
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
    await project.ok(['terminate', '--yes', '--discard', '--grace', '0']);
    expect(await cloud.listAll()).toEqual([]);
  });

  it('A2: where there is no default VPC nothing is begun', async () => {
    await start();
    const subnets = await cloud.ec2.list('DescribeSubnets', 'subnetSet/item', {
      'Filter.1.Name': 'default-for-az',
      'Filter.1.Value.1': 'true',
    });
    for (const subnet of subnets) await cloud.ec2.call('DeleteSubnet', { SubnetId: subnet.get('subnetId') });
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('There is no default VPC in us-east-1, and no subnet is set.');
    expect(stderr).toContain('aws --region us-east-1 ec2 create-default-vpc');
    expect(calls('CreateSecurityGroup')).toEqual([]);
  });
});
