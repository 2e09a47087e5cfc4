import { KeyPair } from '@cdktf/provider-aws/lib/key-pair';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import { nameOf, type StackPlan } from './stack-plan.js';
import type { Texts } from './texts.js';

/** The resources through which a machine is reached, and reaches others. */
export interface Access {
  readonly keyName: string;
  readonly groupId: string;
  /** Rules that must exist before a machine boots: its first boot installs packages, and one without a way in costs
   * as much as others. */
  readonly rules: ITerraformDependable[];
}

/** The key and the firewall of all machines of a deployment. Every rule is a separate resource: that for SSH is changed
 * in place when the caller's address changes, without touching machines. */
export function addAccess(
  stack: Construct,
  plan: StackPlan,
  texts: Texts,
  tags: Readonly<Record<string, string>>,
): Access {
  const name = nameOf(plan);
  const key = new KeyPair(stack, 'key', {
    keyName: name,
    publicKey: texts.keep(plan.publicKey),
    tags: texts.keepMap(tags),
  });
  const group = new SecurityGroup(stack, 'group', {
    name,
    description: 'SSH to machines of Logistician',
    ...(plan.subnet && { vpcId: plan.subnet.vpc }),
    tags: texts.keepMap(tags),
  });
  const ssh = new VpcSecurityGroupIngressRule(stack, 'ssh', {
    securityGroupId: group.id,
    description: 'SSH',
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    cidrIpv4: plan.sshCidr,
    tags: texts.keepMap(tags),
  });
  const everywhere = { securityGroupId: group.id, description: 'Everywhere', ipProtocol: '-1' };
  const rules = [
    ssh,
    new VpcSecurityGroupEgressRule(stack, 'out', {
      ...everywhere,
      cidrIpv4: '0.0.0.0/0',
      tags: texts.keepMap(tags),
    }),
    new VpcSecurityGroupEgressRule(stack, 'out-ipv6', {
      ...everywhere,
      cidrIpv6: '::/0',
      tags: texts.keepMap(tags),
    }),
  ];
  return { keyName: key.keyName, groupId: group.id, rules };
}
