import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { beyondPolicy, unusedOf } from '../support/cloud/policy.js';
import { isMissing } from '../support/engines.js';

const bucket = 'states-of-a-group';

// Against the API alone: a state knows machines from when they are asked for.
describe.skipIf(isMissing('moto', 'terraform', 'aws', 'root'))("Terraform's state in a bucket", () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    project = await CloudProject.start(cloud, {
      parameters: { experiment_conditions: ['--lr 1', '--lr 2'], aws_state_bucket: bucket },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  const aws = async (...words: string[]) =>
    (await promisify(execFile)('aws', words, { env: { ...process.env, ...cloud.env } })).stdout;
  const s3 = (...words: string[]) => aws('s3api', ...words, '--bucket', bucket);
  const key = () => `logistician/${project.name}/${project.deployment.id}/terraform.tfstate`;
  const kept = () => aws('s3', 'cp', `s3://${bucket}/${key()}`, '-');
  const deploy = () => project.cli(['deploy', '--yes']);
  const launches = () => cloud.calls.filter(({ action }) => action === 'RunInstances').length;

  it('no bucket, or one of another account, is said before there is a deployment', async () => {
    const missing = await deploy();
    expect(missing.stderr).toMatch(
      /The S3 bucket of "aws_state_bucket" does not exist: states-of-a-group[\s\S]*aws .*s3 mb s3:/,
    );
    await s3('create-bucket');
    cloud.fault({ action: /^s3:ListBucket$/, code: 'AccessDenied', times: 1 });
    const foreign = await deploy();
    expect(foreign.stderr).toMatch(/may not use the S3 bucket[\s\S]*policy-s3-state\.json/);
    expect([missing.code, foreign.code, launches()]).toEqual([1, 1, 0]);
    expect(project.runs).toEqual([]);
  });

  it('a bucket that cannot be written is said before there is a machine', async () => {
    cloud.fault({ action: 'PutObject', code: 'AccessDenied' });
    const { code, stderr } = await deploy();
    expect(stderr).toMatch(/Terraform cannot write its state:[\s\S]*AccessDenied/);
    expect([code, launches()]).toEqual([1, 0]);
    cloud.endFaults();
  });

  it("keeps the state there, encrypted, under the deployment's own name, and not here", async () => {
    const deploying = project.start(['deploy', '--yes']);
    await deploying.says('2 of 2 machines up');
    // There is no machine behind the API to wait for. Terraform has written its state when ssh_config comes.
    await deploying.says('/ssh_config');
    deploying.signal('SIGKILL');
    const { Contents } = JSON.parse(await s3('list-objects-v2')) as { Contents: { Key: string }[] };
    expect(Contents.map(({ Key }) => Key)).toEqual([key()]);
    expect(JSON.parse(await s3('head-object', '--key', key()))).toMatchObject({
      ServerSideEncryption: 'AES256',
    });
    const state = await kept();
    for (const { id } of (await project.instances()).values()) expect(state).toContain(id);
    expect(project.filesWith('"terraform_version"')).toEqual([]);
  });

  it('a bucket that does not answer costs no machine', async () => {
    const before = (await cloud.ec2.live()).map(({ id }) => id);
    project.settings({
      experiment_conditions: ['--lr 1', '--lr 2', '--lr 3'],
      aws_state_bucket: bucket,
    });
    cloud.fault({ action: 'GetObject', code: 'AccessDenied' });
    const { code, stderr } = await deploy();
    cloud.endFaults();
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('Terraform cannot read its state');
    expect((await cloud.ec2.live()).map(({ id }) => id)).toEqual(before);
  });

  it('terminate works from it, and leaves a state without anything', async () => {
    const { code, stdout, stderr } = await project.cli(['terminate', '--yes', '--discard', '--grace', '0']);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stderr).not.toMatch(/could not|terraform \w+ failed/);
    expect(await cloud.listAll()).toEqual([]);
    expect(JSON.parse(await kept())).toMatchObject({ resources: [], outputs: {} });
    expect(beyondPolicy(cloud, 'policy-s3-state.json')).toEqual(['s3:CreateBucket']);
    expect(unusedOf(cloud, 'policy-s3-state.json')).toEqual([]);
  });
});
