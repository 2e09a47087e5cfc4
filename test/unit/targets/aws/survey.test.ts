import { describe, expect, it } from 'vitest';
import type { Parameters } from '../../../../src/experiment/parameters.js';
import type { Executor } from '../../../../src/shell/executor.js';
import { listed } from '../../../../src/targets/aws/account.js';
import { NotAtAws } from '../../../../src/targets/aws/offer/not-at-aws.js';
import { surveyAws } from '../../../../src/targets/aws/offer/survey.js';
import type { AwsApi } from '../../../../src/tools/aws/api.js';
import type { Trial } from '../../../../src/tools/aws/dry-run.js';
import type { CredentialsFacts, DryRun, RunningInstance, WayOut } from '../../../../src/tools/aws/facts.js';
import { AwsRefused } from '../../../../src/tools/aws/refusals.js';
import { instance } from './machines.js';

const usual: Record<string, unknown> = {
  instanceType: 't3.small',
  ami: null,
  amiUser: 'ubuntu',
  rootVolumeSize: 20,
  region: null,
  spot: false,
  maxPrice: null,
  subnetId: null,
  sshAddress: 'public',
  sshCidr: null,
  stateBucket: null,
};

/** An account with what there usually is. */
const account = {
  region: 'eu-west-1',
  identity: async () => 'arn:aws:iam::123456789012:user/ada',
  instanceType: async (type: string) => ({
    cpus: 4,
    memory: 2 ** 34,
    architectures: ['x86_64'],
    ...(/^(g|p)\d/.test(type)
      ? { gpus: 1, gpuMaker: type.startsWith('g4ad') ? 'AMD' : 'NVIDIA' }
      : { gpus: 0, gpuMaker: '' }),
  }),
  parameter: async (name: string) => (/24\.04/.test(name) ? 'ami-new' : 'ami-old'),
  image: async (id: string) => ({
    id,
    name: id,
    architecture: 'x86_64',
    rootVolume: id === 'ami-new' ? 65 : 8,
  }),
  defaultSubnets: async () => [
    { id: 'subnet-1', vpc: 'vpc-1', zone: 'eu-west-1a', givesPublicAddresses: true },
  ],
  subnet: async (id: string) =>
    id === 'subnet-7' ? { vpc: 'vpc-1', range: '10.0.0.0/16', zone: 'eu-west-1b' } : null,
  zonesOf: async (_type: string) => ['eu-west-1a', 'eu-west-1b'],
  wayOut: async (_subnet: string, _vpc: string): Promise<WayOut> => 'internet gateway',
  quota: async (_code: string): Promise<number | null> => 32,
  running: async (): Promise<RunningInstance[]> => [],
  dryRuns: async (_trial: Trial): Promise<DryRun[]> => [{ action: 'ec2:RunInstances', refusal: null }],
  credentials: async (): Promise<CredentialsFacts> => ({ isTemporary: false, isRenewed: false, end: null }),
};

const survey = (aws: Record<string, unknown> = {}, changes: Partial<typeof account> = {}) =>
  surveyAws(
    { ...account, ...changes } as unknown as AwsApi,
    {} as Executor,
    {
      aws: { ...usual, ...aws },
      gpus: 'auto',
      maxHours: 24,
      idleMinutes: 10,
      tags: {},
    } as unknown as Parameters,
    'ssh-ed25519 AAAA',
  );

/** What the plan says beside whose credentials they are. */
const notesOf = async (aws: Record<string, unknown>, changes: Partial<typeof account>) =>
  (await survey(aws, changes)).notes.slice(1);

describe('what is asked of AWS before anything is made', () => {
  it('A2: no default VPC, and no subnet', async () => {
    const none = survey({}, { defaultSubnets: async () => [] });
    await expect(none).rejects.toThrow(NotAtAws);
    await expect(none).rejects.toMatchObject({
      message: 'There is no default VPC in eu-west-1, and no subnet is set.',
      suggestions: [
        'aws --region eu-west-1 ec2 create-default-vpc    # an administrator may have to',
        expect.stringContaining('"aws_subnet_id"'),
      ],
    });
  });

  it('D4: a default subnet without public addresses', async () => {
    const subnets = [
      { id: 'subnet-1', vpc: 'vpc-1', zone: 'eu-west-1a', givesPublicAddresses: true },
      { id: 'subnet-2', vpc: 'vpc-1', zone: 'eu-west-1b', givesPublicAddresses: false },
    ];
    const defaultSubnets = async () => subnets;
    await expect(survey({}, { defaultSubnets })).rejects.toThrow(
      'subnet-2 (eu-west-1b) get no public address',
    );
    expect((await survey({ sshAddress: 'private' }, { defaultSubnets })).own.subnet).toBeNull();
  });

  it.each(['p2.xlarge', 'p3.2xlarge', 'p3dn.24xlarge', 'g3s.xlarge', 'g4ad.xlarge'])(
    'A7: GPUs of %s, for which the image has no driver',
    async (instanceType) => {
      await expect(survey({ instanceType })).rejects.toThrow('The image for GPUs has no driver for those of');
      // A user who gives an image is trusted to know.
      expect((await survey({ instanceType, ami: 'ami-own' })).ami.id).toBe('ami-own');
    },
  );

  it('D10, D11: the newest image for GPUs, and a disk with room beside it', async () => {
    const { own } = await survey({ instanceType: 'g4dn.xlarge' });
    expect(own).toMatchObject({ ami: 'ami-new', root_volume: 85 });
    const old = await survey(
      { instanceType: 'g4dn.xlarge', rootVolumeSize: 100 },
      { parameter: async (name) => (/22\.04/.test(name) ? 'ami-old' : (null as never)) },
    );
    expect(old.own).toMatchObject({ ami: 'ami-old', root_volume: 100 });
    expect((await survey()).own.root_volume).toBe(20);
  });
});

/** AWS's refusal of a question that the policy does not allow. */
const denied = async (): Promise<never> => {
  throw new AwsRefused('Your AWS user may not ask', 'UnauthorizedOperation', []);
};

describe('D14: the network of machines', () => {
  it('has the type in a zone of its own', async () => {
    const zonesOf = async () => ['eu-west-1c'];
    await expect(survey({}, { zonesOf })).rejects.toMatchObject({
      message:
        'eu-west-1 has no t3.small in a zone that has a default subnet; eu-west-1c of the region has it.',
      suggestions: [
        "aws --region eu-west-1 ec2 describe-subnets --filters Name=availability-zone,Values=eu-west-1c --query 'Subnets[].[SubnetId,AvailabilityZone]'",
        expect.stringContaining('"aws_subnet_id"'),
      ],
    });
    await expect(survey({ subnetId: 'subnet-7' }, { zonesOf })).rejects.toThrow(
      'in the zone eu-west-1b of the subnet subnet-7; eu-west-1c of the region has it',
    );
    const own = await survey({ subnetId: 'subnet-7' }, { zonesOf: async () => ['eu-west-1b'] });
    expect(own.own.subnet).toEqual({ id: 'subnet-7', vpc: 'vpc-1', range: '10.0.0.0/16' });
  });

  it('has a way out, to an internet gateway where machines are reached at a public address', async () => {
    const elsewhere = { wayOut: async (): Promise<WayOut> => 'elsewhere' };
    const nowhere = { wayOut: async (): Promise<WayOut> => 'nowhere' };
    for (const way of [elsewhere, nowhere])
      await expect(survey({}, way)).rejects.toThrow('it has no route to an internet gateway');
    expect(await notesOf({ sshAddress: 'private' }, elsewhere)).toEqual([]);
    expect(await notesOf({ sshAddress: 'private' }, nowhere)).toEqual([
      expect.stringContaining('subnet-1 (eu-west-1a) has no route to the internet'),
    ]);
  });

  it('is not checked where the policy does not allow the questions, and that is said', async () => {
    const notes = await notesOf({}, { zonesOf: denied, wayOut: denied, quota: denied });
    expect(notes).toEqual([
      expect.stringContaining('which zones offer the type. Your AWS user may not ask (ec2:Describe'),
      expect.stringContaining('(ec2:DescribeRouteTables)'),
      expect.stringContaining(
        'the quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances". Your',
      ),
    ]);
  });
});

describe('D14: permissions', () => {
  it('are tried with the tags that the machines will have, and refused by name', async () => {
    let tried: Trial | null = null;
    const dryRuns = async (trial: Trial): Promise<DryRun[]> => {
      tried = trial;
      const message = 'You may not. Encoded authorization failure message: abc123';
      return [
        { action: 'ec2:ImportKeyPair', refusal: null },
        { action: 'ec2:CreateSecurityGroup', refusal: { code: 'RequestLimitExceeded', message: '' } },
        { action: 'ec2:RunInstances', refusal: { code: 'UnauthorizedOperation', message } },
      ];
    };
    const refused = await survey({}, { dryRuns }).catch((error: Error) => error);
    expect((refused as Error).message).toBe(
      'AWS would refuse to create machines in eu-west-1:\n  ec2:RunInstances: UnauthorizedOperation: You may not.',
    );
    expect(tried).toMatchObject({
      type: 't3.small',
      ami: 'ami-new',
      publicKey: 'ssh-ed25519 AAAA',
      tags: { 'logistician.deployment': 'permission-check' },
    });
  });
});

describe('D14: credentials', () => {
  it('are named', async () => {
    expect((await survey()).notes).toEqual(['At AWS you are arn:aws:iam::123456789012:user/ada.']);
  });

  it('that expire before a job may end are told', async () => {
    const until = (hours: number | null, isRenewed = false) => ({
      credentials: async () => ({
        isTemporary: true,
        isRenewed,
        end: hours === null ? null : new Date(Date.now() + hours * 3_600_000),
      }),
    });
    expect((await notesOf({}, until(3)))[0]).toMatch(
      /^Your credentials expire in 3\.0 h, and a job may take 24 h\. Sign in again by then/,
    );
    expect((await notesOf({}, until(null)))[0]).toContain('it is not known when they expire');
    expect(await notesOf({}, until(30))).toEqual([]);
    expect(await notesOf({}, until(1, true))).toEqual([]);
  });
});

describe('C2: an instance that one answer lacks', () => {
  it('is looked for once more, and is gone only if that lacks it too', async () => {
    const asked: string[][] = [];
    const instances = async (ids: readonly string[]) => {
      asked.push([...ids]);
      return ids
        .filter((id) => id === 'i-a' || (id === 'i-b' && asked.length > 1))
        .map((id) => ({ ...instance('x'), id }));
    };
    const found = await listed({ instances }, ['i-a', 'i-b', 'i-c']);
    expect(found.map(({ id }) => id)).toEqual(['i-a', 'i-b']);
    expect(asked).toEqual([
      ['i-a', 'i-b', 'i-c'],
      ['i-b', 'i-c'],
    ]);
  });
});
