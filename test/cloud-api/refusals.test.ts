import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';
import { linesOf } from '../support/project.js';

const conditions = { experiment_conditions: ['--lr 1', '--lr 2'] };

describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))('before anything is made at AWS', () => {
  let cloud: Cloud;
  let project: CloudProject;

  beforeAll(async () => {
    cloud = await Cloud.start();
    project = await CloudProject.start(cloud, { parameters: conditions });
  });
  afterAll(async () => {
    await project?.remove();
    await cloud?.remove();
  });

  function oldTerraform(): string {
    const folder = join(project.scratch, 'old');
    mkdirSync(folder);
    const says = '{"terraform_version": "1.4.7", "platform": "linux_amd64"}';
    writeFileSync(join(folder, 'terraform'), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    return folder;
  }

  const bad: readonly {
    readonly name: string;
    readonly settings?: () => Record<string, unknown>;
    readonly env?: () => NodeJS.ProcessEnv;
    readonly fault?: string;
    readonly says: RegExp;
  }[] = [
    {
      name: 'no credentials',
      env: () => ({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }),
      says: /There are no AWS credentials here\.[\s\S]*aws configure/,
    },
    {
      name: 'credentials that have expired',
      fault: 'ExpiredToken',
      says: /have expired\.[\s\S]*aws sso login/,
    },
    {
      name: 'credentials that AWS does not know',
      fault: 'InvalidClientTokenId',
      says: /rejects your credentials/,
    },
    {
      name: 'no region',
      env: () => ({ AWS_REGION: '', AWS_DEFAULT_REGION: '' }),
      says: /No AWS region is set/,
    },
    {
      name: 'no Terraform',
      env: () => ({ PATH: project.pathWithout('terraform') }),
      says: /Terraform is not installed here\.[\s\S]*developer\.hashicorp\.com/,
    },
    {
      name: 'a Terraform that is too old',
      env: () => ({ PATH: `${oldTerraform()}:${process.env.PATH}` }),
      says: /Terraform 1\.4\.7 is too old: 1\.5 is the oldest\.[\s\S]*developer\.hashicorp\.com/,
    },
    {
      name: 'a type that is none',
      settings: () => ({ aws_instance_type: 't9.huge' }),
      says: /no instance type t9\.huge in us-east-1/,
    },
    {
      name: 'an image that is none',
      settings: () => ({ aws_ami: 'ami-0123456789abcdef0' }),
      says: /no image ami-0123456789abcdef0 in us-east-1/,
    },
    {
      name: 'an image of another architecture',
      settings: () => ({ aws_ami: cloud.image('ubuntu', 'arm64') }),
      says: /is for arm64, and t3\.small is x86_64/,
    },
    {
      name: 'GPUs that the type has not',
      settings: () => ({ gpus: 2 }),
      says: /wants 2 GPUs, and t3\.small has none/,
    },
    {
      name: 'a subnet that is none',
      settings: () => ({ aws_subnet_id: 'subnet-0123456789abcdef0' }),
      says: /no subnet subnet-0123456789abcdef0 in us-east-1/,
    },
  ];

  it.each(bad)(
    'says what is wrong: $name',
    async ({ settings = () => ({}), env: envOf = () => ({}), fault, says }) => {
      const env = envOf();
      project.settings({ ...conditions, ...settings() });
      if (fault) cloud.fault({ action: 'GetCallerIdentity', code: fault });
      const { code, stderr } = await project.cli(['deploy', '--yes'], { env });
      // What is no matter of the settings, doctor says too.
      const looked = fault || Object.keys(env).length > 0 ? await project.cli(['doctor'], { env }) : null;
      cloud.endFaults();
      expect(stderr).toMatch(says);
      expect(code).toBe(1);
      if (looked) expect(looked.stdout).toMatch(says);
      expect(looked?.code ?? 1).toBe(1);
      expect(project.runs).toEqual([]);
    },
  );

  const doctor = async (env: NodeJS.ProcessEnv = {}) => {
    const { code, stdout } = await project.cli(['doctor', '--json'], { env });
    const { findings } = JSON.parse(stdout) as {
      findings: { what: string; state: string; detail: string; mend: string[] }[];
    };
    return { code, found: new Map(findings.map((finding) => [finding.what, finding])) };
  };

  it('doctor finds all that target aws stands on', async () => {
    project.settings({ ...conditions, aws_state_bucket: 'nobody-has-this-one' });
    const { code, found } = await doctor();
    expect(found.get('Terraform')?.state).toBe('good');
    expect(found.get('aws')?.detail).toMatch(/^aws-cli/);
    expect(found.get('AWS account')?.detail).toMatch(/^arn:aws:.*, in us-east-1$/);
    expect(found.get('state bucket')).toMatchObject({
      state: 'bad',
      mend: [expect.stringContaining('s3 mb s3://nobody-has-this-one'), expect.anything()],
    });
    expect(code).toBe(1);
  });

  it('doctor says what is not there, or too old, and what mends it', async () => {
    project.settings(conditions);
    const bin = join(project.scratch, 'bin');
    mkdirSync(bin);
    for (const name of ['git', 'ssh', 'rsync']) symlinkSync(linesOf('which', name)[0] ?? '', join(bin, name));
    const old = `#!/bin/sh\necho '{ "terraform_version": "1.4.7" }'\n`;
    writeFileSync(join(bin, 'terraform'), old, { mode: 0o755 });
    const { code, found } = await doctor({ PATH: bin, HOME: bin });
    expect(found.get('Terraform')).toMatchObject({
      state: 'bad',
      detail: expect.stringContaining('1.4.7 is too old'),
    });
    expect(found.get('aws')).toMatchObject({
      state: 'bad',
      mend: [expect.stringContaining('https://docs.aws')],
    });
    expect(found.get('SSH key')).toMatchObject({ state: 'bad', mend: ['logistician setup'] });
    // Images are built on the machines.
    expect(found.get('docker')?.state).toBe('warning');
    expect(code).toBe(1);
  });

  it('a dry run prints the lines and makes nothing', async () => {
    project.settings(conditions);
    const { code, stdout, stderr } = await project.cli(['deploy', '--dry-run']);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^machines +2 × t3\.small \(2 CPUs, 2\.0 GiB\), on demand, in us-east-1, ami-/m);
    expect(stderr).toMatch(/^\$ .*terraform -chdir=\S+ init .*\n\$ .*terraform -chdir=\S+ apply .*-json/m);
    expect(stderr).toMatch(/^\$ GIT_SSH_COMMAND=.* git .*send-pack .*lr-1-/m);
    expect(stderr).toMatch(/^' \| ssh -F \S+ lr-2-\w+ -- .* deliver .* begin /m);
    expect(await cloud.listAll()).toEqual([]);
    expect(project.runs).toEqual([]);
  });

  it('GPUs choose an image with drivers, and arm64 one that fits', async () => {
    project.settings({ ...conditions, aws_instance_type: 'g4dn.xlarge' });
    expect(await project.ok(['deploy', '--dry-run'])).toContain(
      `1 GPU), on demand, in us-east-1, ${cloud.image('gpu')}`,
    );
    project.settings({ ...conditions, aws_instance_type: 't4g.small' });
    expect(await project.ok(['deploy', '--dry-run'])).toContain(cloud.image('ubuntu', 'arm64'));
  });
});
