import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { Ec2 } from '../support/cloud/ec2.js';
import { isLeftOut } from '../support/engines.js';

describe.skipIf(isLeftOut('moto'))('the API of the test cloud', () => {
  let cloud: Cloud;
  /** As a program has it that takes the cloud for AWS. */
  let ec2: Ec2;

  beforeAll(async () => {
    cloud = await Cloud.start();
    ec2 = new Ec2(Number(new URL(cloud.url).port), cloud.region);
  });

  afterAll(() => cloud?.remove());

  const launch = async (more: Record<string, string> = {}) => {
    const usual = { ImageId: cloud.image('ubuntu'), InstanceType: 't3.micro', SubnetId: cloud.subnet };
    const answer = await ec2.call('RunInstances', { ...usual, MinCount: '1', MaxCount: '1', ...more });
    return answer.get('instancesSet/item/instanceId');
  };
  const tagged = (condition: string) => ({
    'TagSpecification.1.ResourceType': 'instance',
    'TagSpecification.1.Tag.1.Key': 'condition',
    'TagSpecification.1.Tag.1.Value': condition,
  });
  const spot = { 'InstanceMarketOptions.MarketType': 'spot' };

  it.each([
    [
      'an unknown image',
      { ImageId: 'ami-00000000' },
      /^InvalidAMIID.NotFound: The image id '\[ami-0+\]' does/,
    ],
    [
      'an unknown type',
      { InstanceType: 't9.micro' },
      /^InvalidParameterValue: Invalid value 't9.micro' for Ins/,
    ],
    [
      'an unknown key pair',
      { KeyName: 'none' },
      /^InvalidKeyPair.NotFound: The key pair 'none' does not exist$/,
    ],
    [
      'a type of another architecture',
      { InstanceType: 't4g.micro' },
      /^InvalidParameterValue: The architecture /,
    ],
    [
      'a type that is not offered there',
      { InstanceType: 'p4de.24xlarge' },
      /^Unsupported: Your requested ins/,
    ],
    ['a disk smaller than the image', disk('4'), /^InvalidBlockDeviceMapping: Volume of size 4GB is smaller/],
    [
      'too much user data',
      { UserData: Buffer.alloc(16_385).toString('base64') },
      /^InvalidParameterValue: User data is limited to 16384 bytes$/,
    ],
  ] as [string, Record<string, string>, RegExp][])('refuses %s', async (_, parameters, why) => {
    await expect(launch(parameters)).rejects.toThrow(why);
    await expect(launch({ UserData: Buffer.alloc(16_384).toString('base64') })).resolves.toMatch(/^i-/);
  });

  it('makes one instance for one client token', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => launch({ ClientToken: 'one' })));
    expect(new Set(ids).size).toBe(1);
    await expect(launch({ ClientToken: 'one', InstanceType: 't3.small' })).rejects.toThrow(
      'IdempotentParameterMismatch',
    );
  });

  it('ends spot instances, and cannot stop them', async () => {
    const id = await launch(spot);
    const requests = async () =>
      (await cloud.listAll()).filter((what) => what.startsWith('spot request')).length;
    expect(await requests()).toBe(1);
    await expect(ec2.call('StopInstances', { 'InstanceId.1': id })).rejects.toThrow('UnsupportedOperation');
    await ec2.call('TerminateInstances', { 'InstanceId.1': id });
    expect(await requests()).toBe(0);
  });

  it('names no address of strangers', async () => {
    const answer = await ec2.call('DescribeInstances', { 'InstanceId.1': await launch() });
    const item = answer.all('reservationSet/item/instancesSet/item')[0];
    expect(item?.get('ipAddress')).toBe(item?.get('privateIpAddress'));
    expect(item?.get('ipAddress')).toMatch(/^127\./);
  });

  it('fails by rule: for a condition, so many times, for a while', async () => {
    const fault = cloud.fault({
      action: 'RunInstances',
      tags: { condition: 'b' },
      code: 'InsufficientInstanceCapacity',
      after: 1,
      times: 1,
    });
    const b = await launch(tagged('b'));
    await launch(tagged('a'));
    await expect(launch(tagged('b'))).rejects.toThrow(/^InsufficientInstanceCapacity: We currently do not/);
    await launch(tagged('b'));
    expect(fault.hits).toBe(1);

    const kept = cloud.fault({
      action: 'TerminateInstances',
      tags: { condition: 'b' },
      code: 'RequestLimitExceeded',
    });
    const end = () => ec2.call('TerminateInstances', { 'InstanceId.1': b });
    await expect(end()).rejects.toThrow('RequestLimitExceeded: Request limit exceeded.');
    kept.end();
    await end();

    cloud.fault({ action: /^ec2:Describe/, code: 'ExpiredToken' });
    await expect(ec2.instances()).rejects.toThrow('ExpiredToken');
    cloud.endFaults();
    await ec2.instances();
  });

  it('dies in the middle, with or without what it was asked for', async () => {
    const count = async () => (await cloud.ec2.instances()).length;
    const before = await count();
    cloud.fault({ action: 'RunInstances', cut: 'before', times: 1 });
    await expect(launch({ ClientToken: 'again' })).rejects.toThrow('socket hang up');
    expect(await count()).toBe(before);
    cloud.fault({ action: 'RunInstances', cut: 'after', times: 1 });
    await expect(launch({ ClientToken: 'again' })).rejects.toThrow('socket hang up');
    await launch({ ClientToken: 'again' });
    expect(await count()).toBe(before + 1);
  });

  it('knows what was called, and what is left', async () => {
    expect(cloud.actions).toEqual(
      ['CreateTags', 'DescribeInstances', 'RunInstances', 'StopInstances', 'TerminateInstances'].map(
        (action) => `ec2:${action}`,
      ),
    );
    expect(cloud.calls.at(-1)).toMatchObject({ action: 'RunInstances', error: null });
    for (const { id } of await cloud.ec2.instances())
      await ec2.call('TerminateInstances', { 'InstanceId.1': id });
    expect(await cloud.listAll()).toEqual([]);
  });

  it.each(['StartInstances', 'StopInstances', 'RebootInstances'])(
    'does not let %s raise what has ended',
    async (action) => {
      const id = await launch();
      await ec2.call('TerminateInstances', { 'InstanceId.1': id });
      await expect(ec2.call(action, { 'InstanceId.1': id })).rejects.toThrow('IncorrectInstanceState');
      expect(await ec2.instances({ 'InstanceId.1': id })).toMatchObject([{ state: 'terminated' }]);
    },
  );
});

const disk = (size: string) => ({
  'BlockDeviceMapping.1.DeviceName': '/dev/sda1',
  'BlockDeviceMapping.1.Ebs.VolumeSize': size,
});
