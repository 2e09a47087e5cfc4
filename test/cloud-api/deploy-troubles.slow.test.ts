import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isMissing } from '../support/engines.js';
import { until } from '../support/until.js';

// Against the API alone: all of it happens before there is a machine to speak to.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))('deploy on bad days at AWS', () => {
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

  const folder = () => join(project.state, 'terraform');
  const live = async () =>
    (await cloud.ec2.live()).map(({ tags }) => tags['logistician.condition']?.slice(0, 4)).sort();

  it('credentials that expire in the middle: says so, and how to sign in', async () => {
    cloud.fault({ action: 'RunInstances', code: 'ExpiredToken' });
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/lr-1-\w+ was not created: ExpiredToken: .*expired[\s\S]*aws sso login/);
    expect(stderr).toContain('logistician deploy    # to try again');
    expect(await live()).toEqual([]);
  });

  it('AWS that is gone after the first machine: the same line goes on from there', async () => {
    cloud.endFaults();
    cloud.fault({ action: 'RunInstances', times: 1, meanwhile: () => cloud.goDown() });
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/logistician deploy {4}# (to try again|continues from there)/);
    await cloud.comeBack();
    cloud.endFaults();
    expect(await live()).toHaveLength(1);
  });

  it('another Terraform on the state, and AWS too busy at first: waits for both, and no machine is there twice', async () => {
    const other = spawn('terraform', ['apply', '-no-color', '-refresh=false'], {
      cwd: folder(),
      env: project.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const out of [other.stdout, other.stderr]) out.on('data', (text) => (said += text));
    await until('it asks, and holds the lock', () => said.includes('Enter a value')).catch(() => {
      throw new Error(said);
    });
    const asked = new Map<string, number>();
    cloud.fault({
      action: /./,
      code: 'RequestLimitExceeded',
      when: ({ action }) => {
        asked.set(action, (asked.get(action) ?? 0) + 1);
        return (asked.get(action) ?? 0) <= (action === 'RunInstances' ? 3 : 1);
      },
    });
    const deploy = project.start(['deploy', '--yes']);
    await deploy.says(`Terraform is still running for this deployment (process ${other.pid})`);
    other.stdin.end('no\n');
    await project.untilUp(deploy);
    deploy.signal('SIGINT');
    await deploy.ended;
    cloud.endFaults();
    expect(await live()).toEqual(['lr-1', 'lr-2']);
  });

  it.each([
    ['its state is lost', 'terraform.tfstate'],
    ['its folder is lost', ''],
  ])('makes no second machine where %s, and says what to do', async (_, lost) => {
    rmSync(join(folder(), lost), { recursive: true });
    const before = cloud.calls.length;
    // A condition more: without one there is nothing to deliver.
    project.settings({ experiment_conditions: ['--lr 1', '--lr 2', '--lr 3'] });
    const { code, stderr } = await project.cli(['deploy', '--yes']);
    expect(stderr).toMatch(/state in .* does not know i-\w+, i-\w+ any more.*lost\./);
    expect(stderr).toContain('logistician terminate    # collects results, and terminates all by their tag');
    expect(code).toBe(1);
    const changes = cloud.calls.slice(before).filter(({ action }) => /^(Run|Terminate)/.test(action));
    expect(changes).toEqual([]);
    expect(await live()).toEqual(['lr-1', 'lr-2']);
  });

  it('terminate ends all of what no state knows', async () => {
    const { code, stdout, stderr } = await project.cli(['terminate', '--yes', '--discard']);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(await cloud.listAll()).toEqual([]);
  });

  it('terminate ends all where Terraform is not installed any more', async () => {
    const deploy = await project.deployed();
    deploy.signal('SIGINT');
    await deploy.ended;
    const env = { PATH: project.pathWithout('terraform') };
    const { code, stdout, stderr } = await project.cli(['terminate', '--yes', '--discard'], { env });
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stderr).toContain('Terminating what is left at AWS by its tag');
    expect(await cloud.listAll()).toEqual([]);
  });
});
