import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { isLeftOut } from '../support/engines.js';

const secret = 'a-secret-that-nothing-prints';
const token = 'a-token-that-nothing-prints';

// Broken and hostile files of the user's own: a clear sentence or no difference, and in time.
describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))("the user's own AWS settings", () => {
  let cloud: Cloud;
  let project: CloudProject;
  let keys: string;

  beforeAll(async () => {
    cloud = await Cloud.start();
    // Its settings come from files, of which a provider that runs already would know nothing.
    project = await CloudProject.start(cloud);
    project.settings({ experiment_conditions: ['--lr 1'] });
    keys = `aws_access_key_id = ${project.name}\naws_secret_access_key = ${secret}\n`;
    return () => cloud.remove();
  });
  afterAll(() => project.remove());
  beforeEach(() => {
    rmSync(folder(), { recursive: true, force: true });
    mkdirSync(folder('cli'), { recursive: true });
  });

  const folder = (...path: string[]) => join(project.home, '.aws', ...path);
  const config = (text: string | Buffer) => writeFileSync(folder('config'), text);

  /** Without what the cloud sets for tests that need no files. */
  const inFiles: NodeJS.ProcessEnv = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_CONFIG_FILE: undefined,
    AWS_SHARED_CREDENTIALS_FILE: undefined,
  };

  function expectSafe(said: string): void {
    expect(said).not.toMatch(/Traceback|\n\s+at .*:\d+:\d+/);
    expect(said).not.toContain('\u001b');
    expect(said).not.toContain(secret);
    expect(said).not.toContain(token);
    expect(said.length).toBeLessThan(8000);
  }

  async function cli(words: string[], env: NodeJS.ProcessEnv = {}, as: string[] = []) {
    const began = Date.now();
    const { code, stdout, stderr } = await project.cli(words, { env: { ...inFiles, ...env }, as });
    const said = `${stdout}\n${stderr}`;
    expectSafe(said);
    return { code, said, seconds: (Date.now() - began) / 1000 };
  }

  interface Case {
    readonly name: string;
    readonly make: () => void;
    readonly env?: NodeJS.ProcessEnv;
    /** Words in front of the command line. */
    readonly as?: string[];
    readonly says: RegExp;
  }

  const assumed = (from: string) => `source_profile = ${from}\nrole_arn = arn:aws:iam::123456789012:role/r\n`;
  const process = (line: string) => config(`[profile p]\ncredential_process = ${line}\n`);
  const ofP = { AWS_PROFILE: 'p' };

  const cases: Case[] = [
    {
      name: 'a profile that does not exist',
      make: () => config(`[default]\n${keys}`),
      env: { AWS_PROFILE: 'missing' },
      says: /Could not resolve credentials using profile: \[missing\]/,
    },
    {
      name: 'a file that is no INI',
      make: () => config('{ "region": [[ = \n'),
      says: /The AWS CLI \(`aws`\) does not work here: \S+ParseError: Unable to parse/,
    },
    {
      name: 'a section twice, which only some programs take',
      make: () => config(`[default]\n${keys}[default]\noutput = json\n`),
      says: /The AWS CLI \(`aws`\) does not work here: \S+ParseError: Unable to parse/,
    },
    {
      name: 'a binary file',
      make: () => config(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0x1b, 0x5b, 0x33, 0x31, 0x6d])),
      says: /\.aws\/config cannot be used: it is not a text/,
    },
    {
      name: 'a folder',
      make: () => mkdirSync(folder('credentials')),
      says: /\.aws\/credentials cannot be used: it is a folder/,
    },
    {
      name: 'a FIFO, which nothing writes',
      make: () => execFileSync('mkfifo', [folder('config')]),
      says: /\.aws\/config cannot be used: it is not a file/,
    },
    {
      name: 'a FIFO in the place of the aliases',
      make: () => execFileSync('mkfifo', [folder('cli', 'alias')]),
      says: /\.aws\/cli\/alias cannot be used: it is not a file/,
    },
    {
      name: 'a file that may not be read',
      make: () => writeFileSync(folder('credentials'), `[default]\n${keys}`, { mode: 0 }),
      // Root may read it, unless it gives that up.
      as: ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--'],
      says: /\.aws\/credentials cannot be used: you may not read it/,
    },
    {
      name: 'a source of credentials that fails',
      make: () =>
        process(
          `sh -c "printf '\\033[31mno\\033]0;title\\007' >&2; yes | head -c 600000 >&2; echo ${secret}; exit 3"`,
        ),
      env: ofP,
      says: /There are no AWS credentials here: credential_process failed: \\u001b\[31mno/,
    },
    {
      name: 'a source of credentials that fails, of the default profile',
      make: () => config('[default]\ncredential_process = sh -c "echo not today >&2; exit 3"\n'),
      says: /There are no AWS credentials here: credential_process failed: not today/,
    },
    {
      name: 'a source of credentials that prints 30 MB',
      make: () => process(`sh -c "yes '${secret}' | head -c 30000000"`),
      env: ofP,
      says: /There are no AWS credentials here: stdout maxBuffer length exceeded/,
    },
    {
      name: 'a source of credentials that prints escape sequences',
      make: () => process(`printf '\\033[2J{"Version":1,"SecretAccessKey":"${secret}"'`),
      env: ofP,
      says: /credential_process returned invalid JSON/,
    },
    {
      name: 'profiles in a circle',
      make: () =>
        config(`[profile p]\n${assumed('q')}[profile q]\n${assumed('r')}[profile r]\n${assumed('q')}`),
      env: ofP,
      says: /Detected a cycle attempting to resolve credentials for profile p/,
    },
    {
      name: 'a region of several words',
      make: () => config(`[default]\n${keys}region = us  east ; $(touch pwned)\n`),
      env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' },
      says: /No AWS region has the name that is set: us {2}east/,
    },
    {
      name: 'a region for a shell, or for a proxy',
      make: () => config(`[default]\n${keys}`),
      env: { AWS_REGION: 'x.example.org/\u001b[31m$(touch pwned)' },
      says: /No AWS region has the name that is set: x\.example\.org\/\\u001b\[31m\$\(touch pwned\)/,
    },
    {
      name: 'an endpoint at which nothing listens',
      make: () => config(`[default]\n${keys}endpoint_url = http://127.0.0.1:1\n`),
      env: { AWS_ENDPOINT_URL: undefined },
      says: /AWS cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1/,
    },
    {
      name: 'an endpoint that is none',
      make: () => config(`[default]\n${keys}endpoint_url = \u001b[31mnone\n`),
      env: { AWS_ENDPOINT_URL: undefined },
      says: /AWS cannot be reached: Invalid URL/,
    },
    {
      name: 'an alias that replaces what is called here',
      make: () => {
        config(`[default]\n${keys}`);
        writeFileSync(
          folder('cli', 'alias'),
          '[toplevel]\nwhoami = sts get-caller-identity\nec2 = !touch pwned\n',
        );
      },
      says: /The alias ec2 in \S+\.aws\/cli\/alias replaces a command of `aws`/,
    },
  ];

  it.each(cases)('$name: said by doctor', async ({ make, env, as, says }) => {
    make();
    const { code, said, seconds } = await cli(['doctor'], env, as);
    expect(code, said).toBe(1);
    expect(said.replaceAll(/\s*\n\s+/g, ' ')).toMatch(says);
    expect(seconds).toBeLessThan(30);
    expect(project.repository.git('status', '--porcelain', '--untracked-files=all')).not.toContain('pwned');
  });

  it('a source of credentials that hangs is not waited for', async () => {
    process('sleep 150');
    for (const words of [['doctor'], ['deploy', '--yes']]) {
      const { code, said, seconds } = await cli(words, ofP);
      expect(code, said).toBe(1);
      expect(said).toContain('No AWS credentials came within 60 s');
      expect(seconds).toBeLessThan(90);
    }
  });

  it('what says how `aws` is to look changes nothing, and no secret is written anywhere', async () => {
    const answer = { Version: 1, AccessKeyId: project.name, SecretAccessKey: secret, SessionToken: token };
    writeFileSync(folder('keys.json'), JSON.stringify(answer));
    config(
      [
        '[profile p]',
        `credential_process = cat ${folder('keys.json')}`,
        `endpoint_url = ${cloud.url}`,
        'region = us-east-1',
        'output = yaml-of-another-version',
        'cli_pager = less',
        'cli_auto_prompt = on',
        'cli_history = enabled',
        'cli_binary_format = nonsense',
        '[profile q]',
        `${keys.replace(project.name, 'other')}endpoint_url = ${cloud.url}`,
      ].join('\n'),
    );
    writeFileSync(folder('cli', 'alias'), '[toplevel]\nwhoami = sts get-caller-identity\n');
    cloud.setAccount('other', '999999999999');
    const ours = { ...ofP, AWS_ENDPOINT_URL: undefined, AWS_REGION: '', AWS_DEFAULT_REGION: '' };
    const deploy = project.start(['deploy', '--yes'], { env: { ...inFiles, ...ours } });
    await project.untilUp(deploy);
    deploy.signal('SIGINT');
    expectSafe(Object.values(await deploy.ended).join('\n'));
    expect((await project.instances()).size).toBe(1);

    // Neither the region of the environment counts for machines that exist, nor that of parameters.json; and nothing is
    // ended by another profile.
    const elsewhere = { ...ours, AWS_REGION: 'eu-west-1' };
    project.settings({ aws_region: 'eu-west-1', experiment_conditions: ['--lr 1'] });
    for (const words of [['status'], ['terminate', '--yes', '--discard']]) {
      const { code, said } = await cli(words, { ...elsewhere, AWS_PROFILE: 'q' });
      expect(code, said).toBe(1);
      expect(said).toContain('your credentials belong to 999999999999');
    }
    expect((await project.instances()).size).toBe(1);

    // Without a record of them they are ended by the CLI.
    rmSync(join(project.state, 'deployment.json'));
    const end = ['terminate', '--leaks', '--yes', '--region', 'us-east-1'];
    const { code, said } = await cli(end, elsewhere);
    expect(code, said).toBe(0);
    expect(said).toMatch(/aws --region us-east-1 --output json ec2 terminate-instances/);
    expect(await cloud.listAll()).toEqual([]);
    const own = folder();
    for (const written of [secret, token])
      expect(project.filesWith(written).filter(({ path }) => !path.startsWith(own))).toEqual([]);
  });
});
