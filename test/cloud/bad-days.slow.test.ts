import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';
import type { StatusOutput } from '../support/project.js';
import { until } from '../support/until.js';

const states = ({ conditions }: StatusOutput) =>
  conditions.map(({ condition, state, reason }) =>
    [condition.replace(/-[0-9a-f]{10}$/, ''), state, ...(reason ? [reason] : [])].join(' '),
  );

describe.skipIf(isMissing('moto', 'terraform', 'aws', 'docker', 'sshd', 'root'))('bad days at AWS', () => {
  let cloud: Cloud;
  let project: CloudProject;
  let ids: Map<string, string>;

  beforeAll(async () => {
    cloud = await Cloud.start({ machines: 3 });
    project = await CloudProject.start(cloud, {
      keptProvider: true,
      parameters: { experiment_conditions: ['--hold 1', '--lr 2', '--hold 3'] },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  const instanceIds = async () =>
    new Map([...(await project.instances())].map(([condition, { id }]) => [condition, id]));
  const said = ({ stdout, stderr }: { stdout: string; stderr: string }) =>
    `${stdout}\n${stderr}\n${cloud.problems.join('\n')}`;

  it('a condition without capacity fails by itself, and the others run', async () => {
    cloud.fault({
      action: 'RunInstances',
      when: ({ parameters }) =>
        `${parameters}`.includes('logistician-') && `${parameters}`.includes('-lr-2-'),
      code: 'InsufficientInstanceCapacity',
    });
    const deployed = await project.cli(['deploy', '--yes']);
    expect(deployed.code, said(deployed)).toBe(1);
    expect(deployed.stderr).toMatch(/lr-2-\w+ was not created: InsufficientInstanceCapacity/);
    const wanted = 'hold-1 running, lr-2 failed capacity, hold-3 running';
    await until(wanted, async () => states(await project.json(['status'])).join(', ') === wanted);
    ids = await instanceIds();
    expect([...ids.keys()].sort()).toEqual(['hold-1', 'hold-3']);
    cloud.endFaults();
  });

  it('a machine that was ended by hand is lost, and said so', async () => {
    await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': ids.get('hold-3') ?? '' });
    expect(states(await project.json(['status']))).toContain('hold-3 lost gone');
  });

  it('--retry-failed gives new machines to exactly those that failed or were lost', async () => {
    const deployed = await project.cli(['deploy', '--retry-failed', '--yes']);
    expect(deployed.code, said(deployed)).toBe(0);
    expect(deployed.stdout).toMatch(/^runs +2 of 3 conditions; skipped: 1 not failed$/m);
    const now = await instanceIds();
    expect([...now.keys()].sort()).toEqual(['hold-1', 'hold-3', 'lr-2']);
    expect(now.get('hold-1')).toBe(ids.get('hold-1'));
    expect(now.get('hold-3')).not.toBe(ids.get('hold-3'));
    ids = now;
  });

  it('deploy lets in an address that is another now, and touches no machine', async () => {
    project.settings({
      experiment_conditions: ['--hold 1', '--lr 2', '--hold 3'],
      aws_ssh_cidr: '198.51.100.0/24',
    });
    cloud.fault({ action: /^ec2:(Modify|Authorize|Revoke)SecurityGroup/, code: 'UnauthorizedOperation' });
    const refused = await project.cli(['deploy', '--yes']);
    expect(refused.code, said(refused)).toBe(1);
    expect(refused.stderr).toMatch(
      /do not accept the new one yet: .*UnauthorizedOperation[\s\S]*# tries again/,
    );
    cloud.endFaults();
    const deployed = await project.cli(['deploy', '--yes']);
    expect(deployed.code, said(deployed)).toBe(0);
    expect(deployed.stderr).toContain('the machines let you in again');
    const rules = await cloud.ec2.list('DescribeSecurityGroupRules', 'securityGroupRuleSet/item');
    expect(rules.map((rule) => rule.get('cidrIpv4'))).toContain('198.51.100.0/24');
    expect(await instanceIds()).toEqual(ids);
  });

  it('a machine with another host key than the one that was made for it is told nothing', async () => {
    const machine = cloud.machine(ids.get('hold-3') ?? '');
    await machine.exec(
      'rm /etc/ssh/ssh_host_ed25519_key* && ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh',
    );
    const { stdout } = await project.cli(['status']);
    expect(stdout).toMatch(/hold-3-\w+ shows another host key .* Nothing was sent to it/);
  });

  it('terminate refuses what is not home, and --discard gives it up', async () => {
    const refused = await project.cli(['terminate', '--yes', '--grace', '1']);
    expect(refused.code, said(refused)).toBe(1);
    expect(refused.stderr).toContain('--discard');
    expect([...(await instanceIds()).keys()]).toEqual(['hold-3']);
    const discarded = await project.cli(['terminate', '--yes', '--grace', '1', '--discard']);
    expect(discarded.code, said(discarded)).toBe(0);
    expect(await cloud.listAll()).toEqual([]);
    expect(beyondPolicy(cloud)).toEqual([]);
  });
});
