import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BehindProxy } from '../support/cloud/behind-proxy.js';
import { Cloud } from '../support/cloud/cloud.js';
import { CloudProject } from '../support/cloud/cloud-project.js';
import { openToInternet } from '../support/cloud/network.js';
import { SignIn } from '../support/cloud/sign-in.js';
import { isLeftOut } from '../support/engines.js';
import type { ExecutedElsewhere } from '../support/remedies.js';
import { binOf, paste, pasteAnyhow, proposed, refusedBy, settingIn } from '../support/remedy.js';

/** What a person makes of a line: null, as it stands; a text, the line filled in; or what is typed then. */
type Filled = null | string | ((line: string) => string | Promise<string>);

/** A state before anything is created at AWS, in which `deploy` is refused, and what becomes of each line. */
interface Case {
  /** As test/support/remedies.ts has it. */
  readonly of: ExecutedElsewhere;
  readonly state: string;
  readonly words?: readonly string[];
  /** Over those of a project whose machines are in a subnet of the test cloud. */
  readonly settings?: () => Readonly<Record<string, unknown>>;
  readonly env?: () => NodeJS.ProcessEnv;
  /** Done again before each line. */
  readonly arrange?: () => void | Promise<void>;
  /** For each of the lines what it does. */
  readonly lines: readonly Line[];
}

/** Either the same command goes on after it, or it shows what one has to know. */
type Line =
  | { readonly mends: Filled; readonly input?: string; readonly as?: NodeJS.ProcessEnv }
  | { readonly shows: RegExp; readonly code?: number }
  /** A page to read, or what is not executed. */
  | { readonly page: RegExp };

const mends: Line = { mends: null };
// Executed where a profile signs in, by what stands for version 2 of the CLI.
const bySso: Line = { page: /^aws sso login / };
const policy = readFileSync(new URL('../../stacks/policy.json', import.meta.url), 'utf8');

describe.skipIf(isLeftOut('moto', 'terraform', 'aws', 'root'))(
  'N6: what is proposed before anything is created at AWS is taken in its state',
  () => {
    let cloud: Cloud;
    let project: CloudProject;
    let bin: string;
    let proxy: BehindProxy;
    let signIn: SignIn;
    /** A subnet without a way out. */
    let shut: string;
    /** A subnet in a zone that has t3.small no more. */
    let old: string;

    beforeAll(async () => {
      cloud = await Cloud.start();
      project = await CloudProject.start(cloud);
      bin = binOf(project);
      proxy = await BehindProxy.start(cloud.url);
      signIn = await SignIn.start();
      const vpc = (await cloud.ec2.call('CreateVpc', { CidrBlock: '10.9.0.0/16' })).get('vpc/vpcId');
      const made = await cloud.ec2.call('CreateSubnet', {
        VpcId: vpc,
        CidrBlock: '10.9.0.0/24',
        AvailabilityZone: 'us-east-1a',
      });
      shut = made.get('subnet/subnetId');
      // The region's oldest zone, which has no type of today.
      old = await subnetIn('e');
    });
    afterAll(async () => {
      await project?.remove();
      await proxy?.stop();
      signIn?.stop();
      await cloud?.remove();
    });
    afterEach(async () => {
      cloud.endFaults();
      cloud.setPolicy(policy);
      for (const code of ['L-DB2E81BA', 'L-1216C47A']) cloud.setQuota(code, 1000);
      for (const { id } of await cloud.ec2.live())
        await cloud.ec2.call('TerminateInstances', { 'InstanceId.1': id });
      rmSync(join(project.home, '.aws'), { recursive: true, force: true });
    });

    /** What an administrator of the account may. */
    const admin = { AWS_ACCESS_KEY_ID: 'cloud' };
    const noKeys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const inFiles = { ...noKeys, AWS_CONFIG_FILE: undefined, AWS_SHARED_CREDENTIALS_FILE: undefined };
    const inNoSubnet = { aws_subnet_id: undefined, aws_ssh_cidr: '192.0.2.1/32' };
    const filled = (what: string) => (line: string) => line.replace(/"[^"]*…[^"]*"|…/, () => `"${what}"`);
    const file = (name: string, text: string | Buffer) => {
      const path = join(project.home, '.aws', name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
      return path;
    };
    const keysOf = (name: string) => `aws_access_key_id = ${name}\naws_secret_access_key = x\n`;
    /** AWS does not take the keys of a user any more. */
    const rejects = (code: string, key: () => string) => () =>
      void cloud.fault({ action: /./, code, when: (call) => call.key === key() });
    const own = () => project.name;

    const defaultSubnets = () =>
      cloud.ec2.list('DescribeSubnets', 'subnetSet/item', {
        'Filter.1.Name': 'default-for-az',
        'Filter.1.Value.1': 'true',
      });

    /** The default subnet in a zone. */
    const subnetIn = async (zone: string): Promise<string> =>
      (await defaultSubnets())
        .find((subnet) => subnet.get('availabilityZone').endsWith(zone))
        ?.get('subnetId') ?? '';

    const defaultVpc = async () =>
      (
        await cloud.ec2.list('DescribeVpcs', 'vpcSet/item/vpcId', {
          'Filter.1.Name': 'is-default',
          'Filter.1.Value.1': 'true',
        })
      )[0]?.text;

    async function noDefaultVpc(): Promise<void> {
      const vpc = await defaultVpc();
      if (vpc === undefined) return;
      for (const subnet of await defaultSubnets())
        await cloud.ec2.call('DeleteSubnet', { SubnetId: subnet.get('subnetId') });
      const gateways = { 'Filter.1.Name': 'attachment.vpc-id', 'Filter.1.Value.1': vpc };
      const path = 'internetGatewaySet/item/internetGatewayId';
      for (const { text } of await cloud.ec2.list('DescribeInternetGateways', path, gateways))
        await cloud.ec2.call('DetachInternetGateway', { InternetGatewayId: text, VpcId: vpc });
      await cloud.ec2.call('DeleteVpc', { VpcId: vpc });
    }

    function without(action: string): void {
      const { Statement, ...rest } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
      const left = Statement.map((one) => ({
        ...one,
        Action: [one.Action].flat().filter((a) => a !== action),
      }));
      cloud.setPolicy(JSON.stringify({ ...rest, Statement: left }));
    }

    /** The administrator allows what the file of the second line says. */
    const allowed: Filled = async (line) => {
      cloud.setPolicy(await paste(line, at({})));
      return 'true';
    };

    /** A program in front of the others of its name. */
    function inPlaceOf(program: string, script: string): NodeJS.ProcessEnv {
      const folder = join(project.scratch, `other-${program}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return { PATH: `${folder}:${bin}:${process.env.PATH}` };
    }

    /** What version 2 of the CLI does in the place of this line, which version 1 has not: here is version 1. It leaves
     *  what AWS's SDK finds then. @param does of `sh` */
    const version2 = (words: string, does: string) =>
      inPlaceOf('aws', `case "$*" in '${words}') ${does} ;; *) PATH=\${PATH#*:} exec aws "$@" ;; esac`);

    const exportCredentials = 'configure export-credentials --format env';

    const keysInShell = () => `echo export AWS_ACCESS_KEY_ID=${own()} AWS_SECRET_ACCESS_KEY=x`;

    let buckets = 0;
    const newKeys = (name: string) => `${name}\nx\n\n\n`;

    const cases: readonly Case[] = [
      {
        of: 'targets/aws/offer/kind.ts',
        state: 'no key for machines',
        arrange: () => rmSync(join(project.home, '.logistician', 'ssh-key.pub')),
        lines: [mends],
      },
      {
        of: 'NotAtAws',
        state: 'a type that is none',
        settings: () => ({ aws_instance_type: 't9.huge' }),
        lines: [{ shows: /"t3\.small"/ }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'GPUs that the type has not',
        settings: () => ({ gpus: 2 }),
        lines: [mends, mends],
      },
      {
        of: 'NotAtAws',
        state: 'more GPUs than the type has',
        settings: () => ({ gpus: 8, aws_instance_type: 'g4dn.xlarge' }),
        lines: [mends, mends],
      },
      {
        of: 'NotAtAws',
        state: 'an image that is none',
        settings: () => ({ aws_ami: 'ami-0123456789abcdef0' }),
        lines: [{ shows: /^\[/ }, { mends: (line) => filled(cloud.image('ubuntu'))(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'an image of another architecture',
        settings: () => ({ aws_ami: cloud.image('ubuntu', 'arm64') }),
        lines: [{ mends: (line) => filled(cloud.image('ubuntu'))(line) }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'GPUs that the image has no driver for',
        settings: () => ({ aws_instance_type: 'g4ad.4xlarge' }),
        lines: [{ mends: (line) => filled(cloud.image('gpu'))(line) }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'no current image',
        arrange: () => void cloud.fault({ action: 'GetParameter', code: 'ParameterNotFound' }),
        lines: [{ mends: (line) => filled(cloud.image('ubuntu'))(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'a subnet that is none',
        settings: () => ({ aws_subnet_id: 'subnet-0123456789abcdef0' }),
        lines: [{ shows: /"subnet-/ }, { mends: (line) => filled(cloud.subnet)(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'a permission that is missing to create machines',
        arrange: () => without('ec2:RunInstances'),
        lines: [{ shows: /arn:aws:sts|arn:aws:iam/ }, { mends: allowed }],
      },
      {
        of: 'NotAtAws',
        state: 'a type that the zone of the subnet does not have',
        settings: () => ({ aws_subnet_id: old }),
        lines: [{ shows: /"subnet-/ }, { mends: async (line) => filled(await subnetIn('a'))(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'a type that no other zone has, either',
        settings: () => ({ aws_instance_type: 'p4de.24xlarge', aws_ami: cloud.image('gpu') }),
        arrange: () => void cloud.fault({ action: 'DescribeInstanceTypeOfferings', forgets: true, times: 1 }),
        lines: [mends],
      },
      {
        of: 'NotAtAws',
        state: 'a subnet without a way out',
        settings: () => ({ aws_subnet_id: shut, aws_ssh_address: 'public', aws_ssh_cidr: '192.0.2.1/32' }),
        lines: [{ mends: (line) => filled(cloud.subnet)(line) }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'no public address in a default subnet',
        settings: () => ({ ...inNoSubnet, aws_ssh_address: 'public' }),
        arrange: async () => {
          const [subnet] = await defaultSubnets();
          await cloud.ec2.call('ModifySubnetAttribute', {
            SubnetId: subnet?.get('subnetId') ?? '',
            'MapPublicIpOnLaunch.Value': 'false',
          });
        },
        lines: [{ mends: null, as: admin }, { mends: (line) => filled(cloud.subnet)(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'a quota for none of the type',
        settings: () => ({ aws_instance_type: 'g4dn.xlarge' }),
        arrange: () => cloud.setQuota('L-DB2E81BA', 0),
        lines: [{ mends: null, as: admin }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'a quota for less than the smallest',
        arrange: () => cloud.setQuota('L-1216C47A', 1),
        lines: [{ mends: null, as: admin }, mends],
      },
      {
        of: 'NotAtAws',
        state: 'a quota that others use',
        settings: () => ({ aws_instance_type: 't3.medium' }),
        arrange: async () => {
          cloud.setQuota('L-1216C47A', 2);
          const of = {
            ImageId: cloud.image('ubuntu'),
            InstanceType: 't3.small',
            MinCount: '1',
            MaxCount: '1',
          };
          if ((await cloud.ec2.live()).length === 0) await cloud.ec2.call('RunInstances', of);
        },
        lines: [{ mends: null, as: admin }, { shows: /"InstanceId": "i-/ }, mends],
      },
      {
        of: 'AwsRefused',
        state: 'a permission that is missing to ask',
        arrange: () => without('ec2:DescribeInstanceTypes'),
        lines: [{ shows: /arn:aws:sts|arn:aws:iam/ }, { mends: allowed }],
      },
      {
        of: 'AwsRefused',
        state: 'no credentials',
        env: () => inFiles,
        lines: [{ mends: null, input: 'in-a-file\nx\n\n\n' }, bySso],
      },
      {
        of: 'AwsRefused',
        state: 'credentials of the shell that have expired',
        arrange: rejects('ExpiredToken', own),
        env: () => ({ AWS_SESSION_TOKEN: 'old' }),
        lines: [
          {
            mends: (line) =>
              line.replace('_ID=…', '_ID=new').replace('_KEY=…', '_KEY=x').replace('_TOKEN=…', '_TOKEN=x'),
          },
          {
            mends: (line) => {
              file('credentials', `[default]\n${keysOf('in-a-file')}`);
              return line.replace(/ {4}#.*/, '; unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE');
            },
          },
        ],
      },
      {
        of: 'AwsRefused',
        state: 'credentials of a file that have expired',
        arrange: () => {
          file('credentials', `[default]\n${keysOf('old')}aws_session_token = old\n`);
          cloud.fault({ action: /./, code: 'ExpiredToken', when: ({ key }) => key === 'old' });
        },
        env: () => inFiles,
        lines: [{ mends: (line) => line.replace('…', ''), input: newKeys('new') }, bySso],
      },
      {
        of: 'AwsRefused',
        state: 'a sign-in that is over',
        arrange: () => {
          file('config', `[default]\n${signIn.settings}`);
          rmSync(file('credentials', ''));
          signIn.gives = own();
        },
        env: () => ({
          ...inFiles,
          ...version2('sso login', signIn.login(file(`sso/cache/${signIn.cache}`, '{}'))),
          AWS_ENDPOINT_URL_SSO: signIn.url,
        }),
        lines: [{ mends: (line) => line.replace('…', ''), input: newKeys('new') }, mends],
      },
      {
        of: 'AwsRefused',
        state: 'a profile that asks for a code',
        arrange: () => {
          const role = 'role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = keys';
          file('config', `[default]\n${role}\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n`);
          file('credentials', `[keys]\n${keysOf('keys')}`);
        },
        env: () => ({
          ...inFiles,
          ...version2(exportCredentials, `read -r code && [ "$code" = 123456 ] && ${keysInShell()}`),
        }),
        lines: [{ mends: null, input: '123456\n' }, { mends: (line) => line.replace(/….*/, 'keys') }],
      },
      {
        of: 'AwsRefused',
        state: 'a program that gives no credentials for a minute',
        arrange: () => {
          rmSync(join(project.home, 'signed-in'), { force: true });
          const keys = JSON.stringify({ Version: 1, AccessKeyId: 'own', SecretAccessKey: 'x' });
          const asks = `until [ -e ${project.home}/signed-in ]; do sleep 0.1; done; echo '${keys}'`;
          const program = file('ask', `#!/bin/sh\n${asks}\n`);
          chmodSync(program, 0o755);
          file('config', `[default]\ncredential_process = ${program}\n`);
        },
        env: () => ({ ...inFiles, ...version2(exportCredentials, keysInShell()) }),
        // A person signs in there.
        lines: [{ mends: (line) => `touch ~/signed-in\n${line}` }, mends],
      },
      {
        of: 'AwsRefused',
        state: 'credentials that AWS does not know',
        arrange: () => {
          file('credentials', `[default]\n${keysOf('wrong')}`);
          cloud.fault({ action: /./, code: 'InvalidClientTokenId', when: ({ key }) => key === 'wrong' });
        },
        env: () => inFiles,
        lines: [
          { shows: /access_key +\*+rong +shared-credentials-file/ },
          { mends: (line) => line.replace('…', ''), input: newKeys('right') },
          bySso,
          { shows: /InvalidClientTokenId/, code: 255 },
        ],
      },
      {
        of: 'AwsRefused',
        state: 'no region',
        env: () => ({ AWS_REGION: '', AWS_DEFAULT_REGION: '' }),
        settings: () => ({ ...inNoSubnet, aws_ssh_address: 'private' }),
        lines: [mends, mends],
      },
      {
        of: 'AwsRefused',
        state: 'a region that has no such name',
        env: () => ({ AWS_REGION: 'Frankfurt' }),
        settings: () => ({ ...inNoSubnet, aws_ssh_address: 'private' }),
        lines: [mends, mends],
      },
      {
        of: 'AwsRefused',
        state: 'a region that is nowhere',
        env: () => ({ ...proxy.env, NO_PROXY: '.eu-nowhere-9.amazonaws.com', AWS_REGION: 'eu-nowhere-9' }),
        settings: () => ({ ...inNoSubnet, aws_ssh_address: 'private' }),
        lines: [mends],
      },
      {
        of: 'AwsRefused',
        state: 'an address of the shell at which nothing listens',
        env: () => ({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_CONFIG_FILE: undefined }),
        arrange: () => void file('config', '[default]\noutput = json\n'),
        lines: [{ shows: /^AWS_ENDPOINT_URL=http:..127\.0\.0\.1:1$/m }, { shows: /^$/, code: 1 }],
      },
      {
        of: 'AwsRefused',
        state: 'an address of a profile at which nothing listens',
        env: () => ({ AWS_ENDPOINT_URL: undefined, NO_PROXY: undefined, AWS_CONFIG_FILE: undefined }),
        arrange: () => void file('config', '[default]\nendpoint_url = http://127.0.0.1:1\n'),
        lines: [{ shows: /^2:endpoint_url = http:..127\.0\.0\.1:1$/m }],
      },
      {
        of: 'AwsRefused',
        state: 'a proxy that is none',
        env: () => ({ ...proxy.env, https_proxy: '::' }),
        lines: [{ mends: (line) => `${line.replace(/=.*/, '=')}${proxy.env.HTTPS_PROXY}` }],
      },
      {
        of: 'AwsRefused',
        state: 'no answer about the own address',
        settings: () => ({ aws_ssh_address: 'public' }),
        env: () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
        lines: [mends],
      },
      {
        of: 'AwsRefused',
        state: 'a state bucket that does not exist',
        settings: () => ({ aws_state_bucket: `one-of-a-test-${buckets++}` }),
        lines: [mends, { mends: (line) => filled('one-of-a-test-0')(line) }],
      },
      {
        of: 'AwsRefused',
        state: 'a state bucket that is of others',
        settings: () => ({ aws_state_bucket: 'one-of-others' }),
        arrange: () => void cloud.fault({ action: 'ListBucket', code: 'AccessDenied' }),
        lines: [
          { shows: /arn:aws/ },
          { shows: /"s3:ListBucket"/ },
          {
            mends: (line) => {
              // Another one, which is one's own.
              cloud.endFaults();
              return filled('one-of-a-test-0')(line);
            },
          },
        ],
      },
      {
        of: 'AwsRefused',
        state: 'a CLI that does not work',
        settings: () => ({ aws_state_bucket: 'one-of-a-test' }),
        env: () => inPlaceOf('aws', 'echo all that it says; echo its last words >&2; exit 1'),
        lines: [{ shows: /all that it says\nits last words/, code: 1 }],
      },
      {
        of: 'BadAwsFile',
        state: 'a variable that names a folder',
        env: () => ({ AWS_CONFIG_FILE: project.home }),
        lines: [mends],
      },
      {
        of: 'BadAwsFile',
        state: 'a folder in the place of a file',
        env: () => ({ AWS_SHARED_CREDENTIALS_FILE: undefined }),
        arrange: () => void file('credentials/inside', ''),
        lines: [mends],
      },
      {
        of: 'BadAwsFile',
        state: 'no certificates',
        env: () => ({ AWS_CA_BUNDLE: join(project.home, 'missing.pem') }),
        lines: [mends],
      },
      {
        of: 'BadAwsFile',
        state: 'an alias that replaces what is called',
        arrange: () => void file('cli/alias', '[toplevel]\nec2 = !false\n'),
        env: () => ({ EDITOR: `sed -i s/ec2/two/` }),
        lines: [mends],
      },
      {
        of: 'tools/aws/identity.ts',
        state: 'two profiles',
        arrange: () => void file('credentials', `[p]\n${keysOf('p')}[q]\n${keysOf('q')}`),
        env: () => ({ ...inFiles, AWS_PROFILE: 'p', AWS_DEFAULT_PROFILE: 'q' }),
        lines: [mends],
      },
      {
        of: 'tools/aws/program.ts',
        state: 'no CLI',
        env: () => ({ PATH: `${bin}:${project.pathWithout('aws')}` }),
        lines: [{ page: /^https:\/\/docs\.aws\./ }],
      },
      {
        of: 'TerraformFailed',
        state: 'no Terraform',
        env: () => ({ PATH: `${bin}:${project.pathWithout('terraform')}` }),
        lines: [{ page: /^https:\/\/developer\.hashicorp\./ }],
      },
      {
        of: 'TerraformFailed',
        state: 'a Terraform that does not say its version',
        env: () => inPlaceOf('terraform', 'echo broken; exit 1'),
        lines: [{ shows: /^broken$/m, code: 1 }],
      },
      {
        of: 'NothingWaits',
        state: '--max-failures',
        settings: () => ({ experiment_conditions: ['--lr 1', '--lr 2'] }),
        words: ['deploy', '--dry-run', '--max-failures', '1'],
        lines: [mends, mends],
      },
      {
        of: 'targets/aws/stack/shared-settings.ts',
        state: 'private addresses of no network',
        settings: () => ({ aws_subnet_id: undefined }),
        lines: [mends, { mends: (line) => filled(cloud.subnet)(line) }],
      },
      {
        of: 'NotAtAws',
        state: 'no default VPC',
        settings: () => ({ ...inNoSubnet, aws_ssh_address: 'public' }),
        arrange: noDefaultVpc,
        lines: [
          {
            mends: async (line) => {
              await paste(line, at(admin));
              // AWS does that beside it.
              await openToInternet(cloud.ec2, (await defaultVpc()) ?? '');
              return 'true';
            },
          },
          { mends: (line) => filled(cloud.subnet)(line) },
        ],
      },
    ];

    const at = (env: NodeJS.ProcessEnv) => ({
      cwd: project.experiment,
      env: { ...project.env, PATH: `${bin}:${process.env.PATH}`, ...env },
    });

    const settle = (one: Case, more: object = {}) =>
      project.settings({ experiment_conditions: ['--lr 1'], ...one.settings?.(), ...more });

    const refusalOf = async (one: Case, settled: NodeJS.ProcessEnv) =>
      refusedBy(project, one.words ?? ['deploy', '--dry-run'], at(settled));

    it.each(cases)('$of: $state', async (one) => {
      const arranged = async () => {
        cloud.endFaults();
        settle(one);
        await one.arrange?.();
        return one.env?.() ?? {};
      };
      const env = await arranged();
      const refusal = await refusalOf(one, env);
      const lines = proposed(one.of, refusal);
      expect(lines, refusal?.message).toHaveLength(one.lines.length);
      for (const [place, line] of lines.entries()) {
        const what = one.lines[place] as Line;
        const now = place === 0 ? env : await arranged();
        if ('page' in what) expect(line).toMatch(what.page);
        else if ('shows' in what) {
          const { code, stdout, stderr } = await pasteAnyhow(line, at(now));
          expect({ line, code, said: `${stdout}${stderr}` }).toEqual({
            line,
            code: what.code ?? 0,
            said: expect.stringMatching(what.shows),
          });
        } else {
          const text = typeof what.mends === 'function' ? await what.mends(line) : (what.mends ?? line);
          const setting = settingIn(text);
          if (setting) {
            settle(one, setting);
            expect(await refusalOf(one, now), line).toBe(null);
          } else {
            // In the same shell: some lines set variables.
            const isOurs = text.startsWith('logistician deploy');
            const then = isOurs ? '' : `\nlogistician ${(one.words ?? ['deploy']).join(' ')}`;
            await paste(`set -e\n${text.replace(/ {4}#.*/, '')}${then}`, {
              ...at({ ...now, ...what.as }),
              input: what.input,
            });
          }
        }
      }
    });
  },
);
