import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { madeBy, maker } from '../../src/targets/aws/cleanup/made-here.js';
import { BehindProxy } from '../support/cloud/behind-proxy.js';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';
import { until } from '../support/until.js';

describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('D6: behind a proxy', () => {
  let cloud: Cloud;
  let proxy: BehindProxy;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    proxy = await BehindProxy.start(cloud.url);
    project = await CloudProject.start(cloud);
    project.setParameters({
      target: 'aws',
      aws_instance_type: 't3.small',
      experiment_conditions: ['--lr 1'],
    });
    return async () => {
      await project.remove();
      await proxy.stop();
      await cloud.remove();
    };
  });
  beforeEach(() => {
    proxy.targets.splice(0);
    proxy.refusal = null;
  });

  const cli = async (words: string[], env: NodeJS.ProcessEnv = {}) => {
    const { code, stdout, stderr } = await project.cli(words, { env: { ...proxy.env, ...env } });
    return { code, said: `${stdout}\n${stderr}` };
  };
  const asked = () => [...new Set(proxy.targets)].sort();

  it('reads, Terraform and the service for the own address go through it, with its password', async () => {
    const { code, said } = await cli(['deploy', '--plan']);
    expect(code, said).toBe(0);
    expect(said).toContain('203.0.113.9/32');
    expect(asked()).toEqual([
      'checkip.amazonaws.com:443',
      'ec2.us-east-1.amazonaws.com:443',
      'servicequotas.us-east-1.amazonaws.com:443',
      'ssm.us-east-1.amazonaws.com:443',
      'sts.us-east-1.amazonaws.com:443',
    ]);
  });

  it('deploy lets in the own address, and another once it has changed', async () => {
    const openTo = async (address: string) => {
      const deploy = project.start(['deploy', '--yes'], { env: proxy.env });
      const isOpen = async () => {
        const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
        const ranges = rules
          .filter((rule) => rule.get('toPort') === '22')
          .map((rule) => rule.get('cidrIpv4'));
        return ranges.length === 1 && ranges[0] === `${address}/32`;
      };
      await until(`port 22 is open to ${address} alone`, isOpen);
      await project.untilUp(deploy);
      deploy.signal('SIGINT');
      await deploy.ended;
    };
    await openTo('203.0.113.9');
    proxy.address = '203.0.113.10';
    await openTo('203.0.113.10');
    // Their addresses lead nowhere, which would take its time.
    for (const { id } of await cloud.ec2.live())
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
    const { code, said } = await cli(['terminate', '--yes', '--discard', '--grace', '0']);
    expect(code, said).toBe(0);
    expect(await cloud.listAll()).toEqual([]);
  });

  it('the CLI goes through it', async () => {
    await cloud.ec2.call('CreateKeyPair', {
      KeyName: 'left',
      'TagSpecification.1.ResourceType': 'key-pair',
      'TagSpecification.1.Tag.1.Key': 'logistician.deployment',
      'TagSpecification.1.Tag.1.Value': 'gone',
      'TagSpecification.1.Tag.2.Key': madeBy,
      'TagSpecification.1.Tag.2.Value': maker(),
    });
    const { code, said } = await cli(['terminate', '--leaks', '--yes']);
    expect(code, said).toBe(0);
    expect(said).toContain('ec2 delete-key-pair --key-name left');
    expect(await cloud.listAll()).toEqual([]);
  });

  it('nothing goes through it to what NO_PROXY names', async () => {
    const { code, said } = await cli(['doctor'], { NO_PROXY: 'example.org,.amazonaws.com' });
    expect(code, said).toBe(1);
    expect(proxy.targets).toEqual([]);
  });

  it('it is said what it answers, and not its password', async () => {
    proxy.refusal = '403 Not for you\u001b[31m';
    const { code, said } = await cli(['doctor']);
    expect(code, said).toBe(1);
    expect(said).toMatch(/AWS cannot be reached: the proxy 127\.0\.0\.1:\d+ answers 403 Not for you/);
    expect(said).not.toContain('word');
    expect(said).not.toContain('\u001b');
  });

  it('certificates that are none of those named are not trusted', async () => {
    const { code, said } = await cli(['doctor'], { AWS_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt' });
    expect(code, said).toBe(1);
    expect(said).toMatch(/self-signed certificate/);
    const missing = await cli(['doctor'], { AWS_CA_BUNDLE: '/nowhere.pem' });
    expect(missing.said).toMatch(
      /AWS_CA_BUNDLE\s+names\s+has\s+no\s+certificates, or does not exist: \/nowhere\.pem/,
    );
  });
});
