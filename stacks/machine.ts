import { Instance, type InstanceInstanceMarketOptions } from '@cdktf/provider-aws/lib/instance';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import type { Access } from './access.js';
import { type Spot, type StackMachine, type StackPlan, tagKeys } from './stack-plan.js';
import type { Texts } from './texts.js';

/** The machine of a condition, and the output that tells where it is. Its address is the condition's id and never an
 *  index: taking one out of the list leaves its neighbours alone. */
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
    ...(plan.publicAddress && { associatePublicIpAddress: true }),
    ...(spot && { instanceMarketOptions: market(spot) }),
    // A one-time spot instance cannot stop, and its disk goes with it; any other keeps its disk until it was synced.
    instanceInitiatedShutdownBehavior: spot ? 'terminate' : 'stop',
    metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
    rootBlockDevice: {
      volumeType: 'gp3',
      volumeSize: Math.max(machine.rootVolume, machine.amiVolume),
      encrypted: true,
      deleteOnTermination: true,
    },
    userData: texts.keep(machine.userData),
    tags: texts.keepMap(tags),
    // Given with the request that makes the machine, unlike the tags of a block device: no moment without.
    volumeTags: texts.keepMap(tags),
    dependsOn: access.wayOut,
    // A machine that is there is never touched: changed user data would stop it, and one that has stopped and so lost
    // its public address, or whose spot request has ended, would be replaced.
    lifecycle: { ignoreChanges: 'all' },
  });
  // One output a condition, because Terraform leaves out an output of which any part failed.
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
