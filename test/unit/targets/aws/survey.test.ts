import { describe, expect, it } from 'vitest';
import type { Parameters } from '../../../../src/experiment/parameters.js';
import type { Executor } from '../../../../src/shell/executor.js';
import { listed } from '../../../../src/targets/aws/account.js';
import { NotAtAws, surveyAws } from '../../../../src/targets/aws/offer/survey.js';
import type { AwsApi } from '../../../../src/tools/aws/api.js';
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
  account: async () => '123456789012',
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
  defaultSubnets: async () => [{ id: 'subnet-1', zone: 'eu-west-1a', givesPublicAddresses: true }],
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
  );

describe('what is asked of AWS before anything is made', () => {
  it('A2: no default VPC, and no subnet', async () => {
    const none = survey({}, { defaultSubnets: async () => [] });
    await expect(none).rejects.toThrow(NotAtAws);
    await expect(none).rejects.toMatchObject({
      message: 'There is no default VPC in eu-west-1, and no subnet is set.',
      suggestions: [
        'aws --region eu-west-1 ec2 create-default-vpc',
        expect.stringContaining('"aws_subnet_id"'),
      ],
    });
  });

  it('D4: a default subnet without public addresses', async () => {
    const subnets = [
      { id: 'subnet-1', zone: 'eu-west-1a', givesPublicAddresses: true },
      { id: 'subnet-2', zone: 'eu-west-1b', givesPublicAddresses: false },
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
