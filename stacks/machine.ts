import { Instance, type InstanceInstanceMarketOptions } from '@cdktf/provider-aws/lib/instance';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import type { Access } from './access.js';
import { type Spot, type StackMachine, type StackPlan, tagKeys } from './stack-plan.js';
import type { Texts } from './texts.js';

/** The machine of a condition, and the output with its address. Its resource name is the condition's id, never an
 * index, so that removing one does not change others. */
export function addMachine(
  stack: Construct,
  plan: StackPlan,
  machine: StackMachine,
  access: Access,
  texts: Texts,
  sharedTags: Readonly<Record<string, string>>,
): void {
  const { condition, spot } = machine;
  const tags = {
    Name: `logistician-${plan.experiment}-${condition}-${plan.deployment}`,
    ...sharedTags,
    [tagKeys.condition]: condition,
  };
  const instance = new Instance(stack, condition, {
    ami: machine.ami,
    instanceType: machine.instanceType,
    keyName: access.keyName,
    vpcSecurityGroupIds: [access.groupId],
    ...(plan.subnet && { subnetId: plan.subnet.id }),
    // Without a subnet AWS does as the default one says.
    ...(plan.subnet && { associatePublicIpAddress: plan.publicAddress }),
    ...(spot && { instanceMarketOptions: market(spot) }),
    // Others keep their disk until it is collected. A one-time spot instance can only be terminated; the provider would
    // set that once more on the running instance, which AWS may refuse for spot.
    ...(!spot && { instanceInitiatedShutdownBehavior: 'stop' }),
    metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
    rootBlockDevice: {
      volumeType: 'gp3',
      volumeSize: Math.max(machine.rootVolume, machine.amiVolume),
      encrypted: true,
      deleteOnTermination: true,
    },
    userData: texts.keep(machine.userData),
    tags: texts.keepMap(tags),
    // Set in the same request that creates the machine, unlike the tags of a block device.
    volumeTags: texts.keepMap(tags),
    dependsOn: access.rules,
    // Never change an existing machine: changed user data would stop it, and a stopped machine (without a public
    // address), or one whose spot request has ended, would be replaced.
    lifecycle: { ignoreChanges: 'all' },
  });
  // One output per condition, because Terraform omits an output if any part of it failed.
  new TerraformOutput(stack, `${condition} output`, {
    value: {
      instance_id: instance.id,
      public_address: instance.publicIp,
      private_address: instance.privateIp,
    },
  }).overrideLogicalId(condition);
}

const market = ({ maxPrice }: Spot): InstanceInstanceMarketOptions => ({
  marketType: 'spot',
  spotOptions: {
    spotInstanceType: 'one-time',
    instanceInterruptionBehavior: 'terminate',
    ...(maxPrice !== null && { maxPrice }),
  },
});
