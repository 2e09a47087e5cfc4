import { describe, expect, it } from 'vitest';
import type { CloudMachine } from '../../../src/runs/deployment.js';
import {
  failures,
  fateOf,
  otherFailures,
  type RentedMachine,
  refuseOtherGround,
  strays,
  wantedMachines,
} from '../../../src/targets/aws-plan.js';
import type { InstanceFacts } from '../../../src/tools/aws/api.js';
import { nothingYet, progressAfter } from '../../../src/tools/terraform/progress.js';

const cloud: CloudMachine = {
  region: 'eu-central-1',
  instance_type: 't3.small',
  ami: 'ami-1',
  ami_volume: 8,
  root_volume: 20,
  spot: null,
  subnet: null,
  public_address: true,
  ssh_address: 'public',
  state: null,
  user: 'ubuntu',
  deadline: 3600,
  idle_minutes: 10,
  instance: 'i-1',
  refused: null,
};

const machine = (name: string, changes: Partial<RentedMachine> = {}): RentedMachine => ({
  name,
  slots: ['-'],
  root: '/home/ubuntu/logistician',
  route: null,
  released: null,
  cloud,
  ...changes,
});

const instance = (condition: string, changes: Partial<InstanceFacts> = {}): InstanceFacts => ({
  id: 'i-1',
  state: 'running',
  why: '',
  publicAddress: null,
  privateAddress: null,
  launched: null,
  type: 't3.small',
  tags: { 'logistician.condition': condition },
  ...changes,
});

const namesOf = (machines: readonly RentedMachine[]) => machines.map(({ name }) => name);

describe('the machines of a stack', () => {
  const all = [machine('a'), machine('b'), machine('c'), machine('d', { released: 'yesterday' })];

  it('are those that are there and those that are launched: none that was lost comes back by itself', () => {
    expect(namesOf(wantedMachines(all, new Set(['b']), [instance('a'), instance('d')]))).toEqual(['a', 'b']);
  });

  it('are strays where the state does not know them', () => {
    const two = [instance('a'), instance('a', { id: 'i-2' })];
    expect(strays(two, new Set(['i-1'])).map(({ id }) => id)).toEqual(['i-2']);
  });

  it('stay in one region and one account', () => {
    const ours = { ...cloud, account: '123456789012' };
    expect(() => refuseOtherGround(ours, { ...ours, account: '999999999999' })).toThrow(
      /your AWS account is 999999999999 and was 123456789012/,
    );
    expect(() => refuseOtherGround(cloud, ours)).not.toThrow();
    expect(() => refuseOtherGround(cloud, { ...cloud, region: 'us-east-1' })).toThrow(
      /aws_region is us-east-1/,
    );
    expect(() => refuseOtherGround(cloud, { ...cloud, instance_type: 'g5.xlarge' })).not.toThrow();
  });
});

describe('what AWS says of a machine', () => {
  const spot = { ...cloud, spot: { max_price: null } };

  it.each([
    ['it runs', machine('a'), instance('a'), 'ask'],
    ['it starts', machine('a'), instance('a', { state: 'pending' }), 'starting'],
    ['it has stopped', machine('a'), instance('a', { state: 'stopped' }), 'stopped'],
    ['it was never asked for', machine('a', { cloud: { ...cloud, instance: null } }), undefined, 'none'],
    ['it is not there', machine('a'), undefined, { state: 'lost', reason: 'gone' }],
    [
      'AWS had none',
      machine('a', { cloud: { ...cloud, instance: null, refused: 'InsufficientInstanceCapacity' } }),
      undefined,
      { state: 'failed', reason: 'capacity' },
    ],
    [
      'AWS took it back',
      machine('a', { cloud: spot }),
      instance('a', { state: 'terminated', why: 'Server.SpotInstanceTermination' }),
      { state: 'lost', reason: 'spot' },
    ],
    [
      'a spot machine came to its deadline',
      machine('a', { cloud: spot }),
      instance('a', { state: 'terminated', why: 'Client.InstanceInitiatedShutdown' }),
      { state: 'lost', reason: 'deadline' },
    ],
  ] as const)('%s', (_, one, facts, fate) => {
    expect(fateOf(one, facts)).toEqual(fate);
  });
});

describe('what went wrong', () => {
  const failed = (address: string, detail: string) => [
    { kind: 'failed', address, action: 'create' } as const,
    { kind: 'diagnostic', severity: 'error', summary: 'creating', detail, address } as const,
  ];

  it('is told apart: AWS had nothing to give, one machine failed, all have', () => {
    const progress = progressAfter(nothingYet, [
      ...failed(
        'aws_instance.a-0123456789',
        'StatusCode: 500, api error InsufficientInstanceCapacity: none left',
      ),
      ...failed('aws_instance.b-0123456789', 'api error InternalError: again'),
      ...failed('aws_security_group.group', 'api error UnauthorizedOperation: no'),
    ]);
    expect(Object.fromEntries(failures(progress))).toEqual({
      'a-0123456789': { text: 'InsufficientInstanceCapacity: none left', refused: true },
      'b-0123456789': { text: 'InternalError: again', refused: false },
    });
    expect(otherFailures(progress)).toEqual(['aws_security_group.group: UnauthorizedOperation: no']);
  });
});
