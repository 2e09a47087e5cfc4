import { type AwsMachine, type AwsPlace, awsMachine } from '../../../../src/targets/aws/place.js';
import type { InstanceFacts } from '../../../../src/tools/aws/facts.js';

export const own: AwsPlace = {
  account: '123456789012',
  region: 'eu-central-1',
  instance_type: 't3.small',
  ami: 'ami-1',
  ami_volume: 8,
  root_volume: 20,
  spot: null,
  subnet: null,
  public_address: true,
  ssh_address: 'public',
  ssh_cidr: null,
  tags: {},
  state: null,
  user: 'ubuntu',
  root: '/home/ubuntu/logistician',
  deadline: 3600,
  idle_minutes: 10,
  instance: 'i-1',
  address: '198.51.100.1',
  refused: null,
};

export const machine = (
  name: string,
  changes: Partial<AwsPlace> = {},
  released: string | null = null,
): AwsMachine => {
  const its = { ...own, ...changes };
  const rented = { exists: its.instance !== null };
  return awsMachine({ name, here: false, slots: ['-'], rented, own: its, released });
};

export const instance = (condition: string, changes: Partial<InstanceFacts> = {}): InstanceFacts => ({
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
