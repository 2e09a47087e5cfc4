import { describe, expect, it } from 'vitest';
import type { Deployment } from '../../../../src/runs/deployment.js';
import { untracked } from '../../../../src/targets/aws/cleanup/untracked.js';
import { type AwsMachine, awsAt } from '../../../../src/targets/aws/place.js';
import {
  refuseOtherStack,
  wantedMachines,
  withApplied,
  withSshCidr,
} from '../../../../src/targets/aws/stack/plan.js';
import { instance, machine, own } from './machines.js';

const namesOf = (machines: readonly AwsMachine[]) => machines.map(({ name }) => name);

describe('the machines of a stack', () => {
  const all = [machine('a'), machine('b'), machine('c'), machine('d', {}, 'yesterday')];

  it('are those that exist and those that are launched: none that was lost comes back by itself', () => {
    expect(namesOf(wantedMachines(all, new Set(['b']), [instance('a'), instance('d')]))).toEqual(['a', 'b']);
  });

  it('are untracked where the state does not know them', () => {
    const two = [instance('a'), instance('a', { id: 'i-2' })];
    expect(untracked(two, new Set(['i-1'])).map(({ id }) => id)).toEqual(['i-2']);
  });

  it('stay in one region and one account', () => {
    expect(() => refuseOtherStack(own, { ...own, account: '999999999999' })).toThrow(
      /your AWS account is 999999999999 and was 123456789012/,
    );
    expect(() => refuseOtherStack(own, { ...own, region: 'us-east-1' })).toThrow(/aws_region is us-east-1/);
    expect(() => refuseOtherStack(own, { ...own, instance_type: 'g5.xlarge' })).not.toThrow();
  });
});

describe('the record of what was created', () => {
  const of = (...places: AwsMachine[]) => ({ id: 'd', places }) as unknown as Deployment;
  const up = (id: string, publicAddress: string | null, privateAddress: string | null = '10.0.0.1') => ({
    instance: id,
    publicAddress,
    privateAddress,
  });
  const none = new Map<string, never>();

  it('has the instance and where it is reached, and says that the place exists', () => {
    const asked = machine('a', { instance: null, address: null, refused: 'InsufficientInstanceCapacity' });
    const applied = { up: new Map([['a', up('i-7', '203.0.113.9')]]), failed: none };
    const [place] = withApplied(of(asked), applied, new Set(['a'])).places;
    expect(place).toMatchObject({ rented: { exists: true }, own: { instance: 'i-7', refused: null } });
    expect(place && awsAt(place).address).toBe('203.0.113.9');
  });

  it('goes to the private address where there is no public one, or it is wanted', () => {
    const addressOf = (changes: Parameters<typeof machine>[1], publicAddress: string | null) => {
      const asked = machine('a', { instance: null, address: null, ...changes });
      const applied = { up: new Map([['a', up('i-7', publicAddress)]]), failed: none };
      const [place] = withApplied(of(asked), applied, new Set()).places;
      return place && awsAt(place).address;
    };
    expect(addressOf({}, null)).toBeNull();
    expect(addressOf({ ssh_address: 'private' }, '203.0.113.9')).toBe('10.0.0.1');
  });

  it('keeps the last public address of an instance that has stopped', () => {
    const applied = { up: new Map([['a', up('i-1', null)]]), failed: none };
    const [place] = withApplied(of(machine('a')), applied, new Set()).places;
    expect(place && awsAt(place).address).toBe('198.51.100.1');
  });

  it('keeps the refusal of those alone that were asked for, and leaves the released alone', () => {
    const asked = { instance: null, address: null };
    const failed = new Map(
      ['a', 'b', 'c'].map((name) => [
        name,
        { text: 'VcpuLimitExceeded: no', refused: name !== 'b', isQuota: false, isFinal: false },
      ]),
    );
    const before = of(machine('a', asked), machine('b', asked), machine('c', asked, 'yesterday'));
    const { places } = withApplied(before, { up: new Map(), failed }, new Set(['a', 'b', 'c']));
    expect(places.map((place) => awsAt(place).refused)).toEqual(['VcpuLimitExceeded: no', null, null]);
  });

  it('has from where the user lets SSH in now', () => {
    const { places } = withSshCidr(of(machine('a'), machine('b', {}, 'yesterday')), '203.0.113.0/24');
    expect(places.map((place) => awsAt(place).ssh_cidr)).toEqual(['203.0.113.0/24', null]);
  });
});
