import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awsAt } from '../../src/targets/aws/place.js';
import { Cloud } from '../support/cloud/cloud.js';
import { atCloud, CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';

// What is known before anything is created: `deploy` and `doctor` say it. Against the API alone.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('before anything is created at AWS', () => {
  let cloud: Cloud;
  let project: CloudProject;
  const standard = 'L-1216C47A';

  beforeAll(async () => {
    cloud = await Cloud.start();
    return () => cloud.remove();
  });
  afterEach(async () => {
    cloud.endFaults();
    cloud.setPolicy(policy);
    cloud.setQuota(standard, 1000);
    cloud.setLimit(null);
    await endAll();
    await project?.remove();
  });

  /** Their addresses lead nowhere, which would take its time. */
  async function endAll(): Promise<void> {
    for (const { id } of await cloud.ec2.live())
      await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
  }

  const policy = readFileSync(new URL('../../stacks/policy.json', import.meta.url), 'utf8');

  async function start(settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    project = await CloudProject.start(cloud, { keptProvider: true });
    project.setParameters({
      ...atCloud(cloud),
      aws_ssh_cidr: '192.0.2.1/32',
      experiment_conditions: ['--lr 1', '--lr 2', '--lr 3', '--lr 4'],
      ...settings,
    });
  }

  /** The policy without some actions. */
  function without(...actions: string[]): void {
    const { Statement, ...rest } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
    const left = Statement.map((one) => ({
      ...one,
      Action: [one.Action].flat().filter((action) => !actions.includes(action)),
    }));
    cloud.setPolicy(JSON.stringify({ ...rest, Statement: left }));
  }

  async function findings(env: NodeJS.ProcessEnv = {}) {
    const { stdout } = await project.cli(['doctor', '--json'], { env });
    const found = (JSON.parse(stdout) as { findings: { what: string; state: string; detail: string }[] })
      .findings;
    return (what: string) => found.find((one) => one.what === what);
  }

  const created = () =>
    cloud.calls.filter(
      ({ key, action }) => key === project.name && /^(RunInstances|ImportKeyPair|Create)/.test(action),
    );

  it('doctor says what deploy would find, and asks for nothing', async () => {
    await start();
    const found = await findings();
    expect(found('credentials')).toMatchObject({ state: 'good', detail: 'they do not expire' });
    expect(found('machine')).toMatchObject({
      state: 'good',
      detail: expect.stringMatching(/^t3\.small \(2 CPUs\), ami-/),
    });
    expect(found('network')).toMatchObject({ state: 'good', detail: cloud.subnet });
    expect(found('quota')).toMatchObject({
      state: 'good',
      detail:
        'The quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances" of us-east-1 (1000 vCPUs) lets 500 of these machines run at a time.',
    });
    expect(found('permissions')).toMatchObject({ state: 'good' });
    expect(
      cloud.dryRuns
        .filter(({ key }) => key === project.name)
        .map(({ action }) => action)
        .sort(),
    ).toEqual(['CreateSecurityGroup', 'ImportKeyPair', 'RunInstances']);
    expect(created()).toEqual([]);
  });

  it('a permission that is missing, a quota of nothing and credentials that end are found by both', async () => {
    await start();
    without('ec2:RunInstances');
    const refused = await project.cli(['deploy', '--yes']);
    expect(refused.code, refused.stderr).toBe(1);
    expect(refused.stderr).toMatch(
      /AWS would refuse to create machines in us-east-1:\n\s+ec2:RunInstances: Unauth/,
    );
    without('ec2:DescribeRouteTables', 'servicequotas:GetServiceQuota');
    const tomorrow = new Date(Date.now() + 3_600_000).toISOString();
    const found = await findings({ AWS_SESSION_TOKEN: 'token', AWS_CREDENTIAL_EXPIRATION: tomorrow });
    expect(found('network')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('DescribeRouteTables'),
    });
    expect(found('quota')).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('may not ask'),
    });
    expect(found('credentials')).toMatchObject({
      state: 'warning',
      detail: expect.stringMatching(/^Your credentials expire in (0\.9|1\.0) h, and a job may take 24 h/),
    });
    cloud.setPolicy(policy);
    cloud.setQuota(standard, 1);
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code, stderr).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain('of us-east-1 is 1 vCPU; one t3.small has 2.');
    expect(stderr).toContain('--quota-code L-1216C47A');
    expect((await findings())('quota')).toMatchObject({ state: 'bad' });
    expect(created()).toEqual([]);
  });

  it('M10: half of a provider, as a full disk leaves it in the cache, is named with the line that mends it', async () => {
    project = await CloudProject.start(cloud);
    project.settings({ experiment_conditions: ['--lr 1'] });
    await project.ok(['deploy', '--plan']);
    const cache = join(project.home, '.logistician', 'plugin-cache');
    const found = execFileSync('find', [cache, '-name', 'linux_*']).toString().trim();
    const [name = ''] = readdirSync(found).filter((file) => file.startsWith('terraform-provider-aws'));
    // It may be a link to where the tests' provider is.
    rmSync(found, { recursive: true });
    mkdirSync(found);
    writeFileSync(join(found, name), 'half', { mode: 0o755 });
    rmSync(join(project.state, 'terraform'), { recursive: true, force: true });
    const { code, stderr } = await project.cli(['deploy', '--plan']);
    expect(code, stderr).toBe(1);
    const [, line = ''] = /^ +(rm -r \S+plugin-cache)/m.exec(stderr) ?? [];
    expect(line, stderr).not.toBe('');
    execFileSync('sh', ['-c', line]);
    await project.ok(['deploy', '--plan']);
  });

  it('a quota for two machines lets two be created, and the other conditions wait', async () => {
    await start();
    cloud.setQuota(standard, 5);
    const deploy = await project.deployed();
    deploy.signal('SIGINT');
    await deploy.ended;
    expect(deploy.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'at most 2 at a time; the other conditions wait for them',
    );
    expect(deploy.stdout.replaceAll(/\s+/g, ' ')).toContain(
      '(5 vCPUs) lets 2 of these machines run at a time.',
    );
    expect((await project.instances()).size).toBe(2);
    expect(created().filter(({ action }) => action === 'RunInstances')).toHaveLength(2);
    await endAll();
    await project.ok(['terminate', '--yes', '--discard', '--grace', '0']);
  });

  it('a quota that only AWS knows is learned from its refusal: no condition fails for it', async () => {
    await start();
    cloud.setLimit(2);
    const deploy = await project.deployed();
    deploy.signal('SIGINT');
    await deploy.ended;
    expect(deploy.stderr.replaceAll(/\s+/g, ' ')).toMatch(
      /AWS lets 2 machines exist at a time now \(VcpuLimitExceeded: .*\)\. The other 2 conditions wait for a machine/,
    );
    expect(project.deployment.max_places).toBe(2);
    expect(project.deployment.places.map((place) => awsAt(place).refused)).toEqual([null, null, null, null]);
    await endAll();
    await project.ok(['terminate', '--yes', '--discard', '--grace', '0']);
  });

  it('where not even one machine fits the quota, the conditions fail for want of capacity', async () => {
    await start({ experiment_conditions: ['--lr 1'] });
    cloud.setLimit(0);
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code, stderr).toBe(1);
    const { conditions } = await project.json(['status']);
    expect(conditions[0]).toMatchObject({ state: 'failed', reason: 'capacity' });
    await project.ok(['terminate', '--yes']);
  });
});
