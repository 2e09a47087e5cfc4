import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { until } from '../support/until.js';

const settings = (ssh_cidr: string, ...conditions: string[]) => ({
  experiment_conditions: conditions,
  aws_ssh_cidr: ssh_cidr,
});

// Against the API alone: no machine answers, and none has to.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))('two processes at one deployment', () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    project = await CloudProject.start(cloud, {
      keptProvider: true,
      parameters: settings('198.51.100.1/32', '--lr 1', '--lr 2'),
    });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  it('F4: sync from another address, beside a deploy that adds a condition, ends no machine', async () => {
    const first = await project.deployed();
    first.signal('SIGINT');
    await first.ended;
    const before = await project.instances();
    await cloud.ec2.call('StopInstances', { 'InstanceId.1': before.get('lr-1')?.id ?? '' });
    project.settings(settings('198.51.100.2/32', '--lr 1', '--lr 2', '--lr 3'));

    // sync has read the record of two machines, and is held up until the third is being created.
    const ofSync = ({ key }: { key: string }) => key === 'sync';
    let isHeld = false;
    cloud.fault({
      action: 'DescribeInstances',
      when: ofSync,
      times: 1,
      meanwhile: () => {
        sync.signalAlone('SIGSTOP');
        isHeld = true;
      },
    });
    const sync = project.start(['sync'], { env: { AWS_ACCESS_KEY_ID: 'sync' } });
    await until('sync has read the record', () => isHeld);
    // Only Terraform goes on: the machines let in the other address, and no mark says so yet.
    cloud.fault({
      action: 'RunInstances',
      when: ({ parameters }) => `${parameters}`.includes('-lr-3-'),
      times: 1,
      meanwhile: () => {
        deploy.signalAlone('SIGKILL');
        sync.signalAlone('SIGCONT');
      },
    });
    const deploy = project.start(['deploy', '--yes']);
    await expect(deploy.ended).rejects.toThrow('SIGKILL');
    await until('sync starts the machine that has stopped', () =>
      cloud.calls.some((call) => call.action === 'StartInstances' && ofSync(call)),
    );
    sync.signal('SIGINT');
    const { stderr } = await sync.ended;

    expect(stderr).toMatch(/terraform -chdir=\S+ apply /);
    const after = await project.instances();
    expect([...after.keys()].sort()).toEqual(['lr-1', 'lr-2', 'lr-3']);
    for (const [condition, { id }] of before) expect(after.get(condition)?.id).toBe(id);
    expect(cloud.calls.filter(({ action }) => action === 'TerminateInstances')).toEqual([]);
    const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
    expect(rules.map((rule) => rule.get('cidrIpv4'))).toContain('198.51.100.2/32');
  });
});
