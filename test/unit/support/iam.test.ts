import { describe, expect, it } from 'vitest';
import { readCall } from '../../support/cloud/call.js';
import type { Ec2 } from '../../support/cloud/ec2.js';
import { ourPolicy, Policy, questionsOf } from '../../support/cloud/iam.js';
import { Xml } from '../../support/cloud/xml.js';

const key = 'logistician.deployment';

/** Where everything has our tag, or nothing does. */
const ec2 = (isTagged: boolean) => {
  const tag = Xml.parse(`<a><key>${key}</key><value>1</value></a>`);
  const pair = Xml.parse(`<a><tagSet><item><key>${key}</key><value>1</value></item></tagSet></a>`);
  return {
    list: async (action: string) => (!isTagged ? [] : action === 'DescribeTags' ? [tag] : [pair]),
  } as unknown as Ec2;
};

const call = (action: string, parameters: Record<string, string> = {}) => {
  const body = new URLSearchParams({ Action: action, ...parameters }).toString();
  const authorization = 'AWS4-HMAC-SHA256 Credential=me/20260101/us-east-1/ec2/aws4_request';
  return readCall('POST', '/', { authorization }, Buffer.from(body));
};

const specification = (kind: string) => ({
  'TagSpecification.1.ResourceType': kind,
  'TagSpecification.1.Tag.1.Key': key,
  'TagSpecification.1.Tag.1.Value': '1',
});

async function may(policy: Policy, tagged: boolean, ...of: Parameters<typeof call>): Promise<boolean> {
  const questions = await questionsOf(call(...of), ec2(tagged), 'us-east-1');
  return questions.every((question) => policy.allows(question));
}

describe('A1, D3: stacks/policy.json, judged as IAM does', () => {
  const policy = ourPolicy();
  const rule = { GroupId: 'sg-1', ...specification('security-group-rule') };

  it.each([
    ['AuthorizeSecurityGroupIngress', rule],
    ['AuthorizeSecurityGroupEgress', rule],
    ['RevokeSecurityGroupEgress', { GroupId: 'sg-1' }],
    ['ModifySecurityGroupRules', { GroupId: 'sg-1', 'SecurityGroupRule.1.SecurityGroupRuleId': 'sgr-1' }],
    ['TerminateInstances', { 'InstanceId.1': 'i-1' }],
    ['DeleteKeyPair', { KeyName: 'ours' }],
  ] as const)('%s of what has our tag alone', async (action, parameters) => {
    expect(await may(policy, true, action, parameters)).toBe(true);
    expect(await may(policy, false, action, parameters)).toBe(false);
  });

  it('rules with our tag alone', async () => {
    const others = { ...rule, 'TagSpecification.1.Tag.1.Key': 'other' };
    expect(await may(policy, true, 'AuthorizeSecurityGroupIngress', others)).toBe(false);
  });

  it('the end of a spot request, which has no tag', async () => {
    expect(
      await may(policy, false, 'CancelSpotInstanceRequests', { 'SpotInstanceRequestId.1': 'sir-1' }),
    ).toBe(true);
  });

  it('machines and their tags, and no tags for existing ones', async () => {
    const machine = {
      ImageId: 'ami-1',
      KeyName: 'ours',
      'SecurityGroupId.1': 'sg-1',
      ...specification('instance'),
    };
    expect(await may(policy, true, 'RunInstances', machine)).toBe(true);
    expect(await may(policy, true, 'CreateTags', { 'ResourceId.1': 'i-1' })).toBe(false);
    expect(await may(policy, true, 'CreateVpc')).toBe(false);
  });

  it('one statement for all would not do', async () => {
    const statement = {
      Effect: 'Allow',
      Action: 'ec2:AuthorizeSecurityGroupIngress',
      Resource: '*',
      Condition: { Null: { [`aws:ResourceTag/${key}`]: 'false' } },
    };
    const before = new Policy(JSON.stringify({ Statement: [statement] }));
    expect(await may(before, true, 'AuthorizeSecurityGroupIngress', rule)).toBe(false);
  });
});
