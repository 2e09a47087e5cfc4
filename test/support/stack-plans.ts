import type { StackMachine, StackPlan } from '../../stacks/stack-plan.js';

export const machine: StackMachine = {
  condition: 'lr-0-1-0123456789',
  instanceType: 't3.micro',
  ami: 'ami-0123456789abcdef0',
  userData: '#cloud-config\n',
  rootVolume: 20,
  amiVolume: 8,
  spot: null,
};

const onDemand: StackPlan = {
  experiment: 'digits',
  deployment: '20261120113359-a1b2c3',
  account: '123456789012',
  region: 'eu-central-1',
  sshCidr: '203.0.113.7/32',
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFfD77RePKnU0Jew4lBudPzWByqAuxQ6PzVc2mfzGXbU ada@here',
  subnet: null,
  publicAddress: true,
  state: null,
  tags: {},
  machines: [machine],
};

const withMachine = (changes: Partial<StackMachine>): StackPlan => ({
  ...onDemand,
  machines: [{ ...machine, ...changes }],
});

const subnet = { id: 'subnet-0123456789abcdef0', vpc: 'vpc-0123456789abcdef0' };

/** A plan for every AWS parameter and what else makes a difference. */
export const plans: Readonly<Record<string, StackPlan>> = {
  'on-demand': onDemand,
  'no-machine': { ...onDemand, machines: [] },
  'two-machines': {
    ...onDemand,
    machines: [machine, { ...machine, condition: 'lr-0-01-abcdef0123', userData: '#cloud-config\n# two\n' }],
  },
  region: { ...onDemand, region: 'us-gov-west-1' },
  'instance-type': withMachine({ instanceType: 'g4dn.xlarge' }),
  'ami-arm64': withMachine({ instanceType: 't4g.small', ami: 'ami-0fedcba9876543210' }),
  'ami-larger-than-wished': withMachine({ amiVolume: 65 }),
  'root-volume-size': withMachine({ rootVolume: 500 }),
  spot: withMachine({ spot: { maxPrice: null } }),
  'spot-max-price': withMachine({ spot: { maxPrice: '0.10' } }),
  'subnet-id': { ...onDemand, subnet },
  'ssh-cidr': { ...onDemand, sshCidr: '198.51.100.0/24' },
  'ssh-address-private': { ...onDemand, subnet, publicAddress: false },
  'state-bucket': { ...onDemand, state: { bucket: 'our-states', region: 'us-east-1' } },
  tags: { ...onDemand, tags: { Name: 'mine', 'cost center': '42 / a+b=c@d', '//': 'Ünï', 'a:b': '' } },
  'texts-like-templates': {
    ...withMachine({
      userData: '#!/bin/sh\necho "${HOME}" $${HOME} $$${x} %{ if true } %%{ $ % \\ "\n',
    }),
    publicKey: 'ssh-ed25519 AAAA ${me}@%{here}',
    tags: { '${a}': '%{ b }' },
  },
};
