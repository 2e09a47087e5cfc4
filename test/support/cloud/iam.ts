import { readFileSync } from 'node:fs';
import { type Call, givenTags, namedInstances } from './call.js';
import type { Ec2 } from './ec2.js';

/** What IAM asks a user's policies for one call: an action on a resource, and the keys that conditions may name. */
export interface Question {
  /** Such as `ec2:RunInstances`. */
  readonly action: string;
  /** Its ARN, or `*` for an action that has none. */
  readonly resource: string;
  /** Values of condition keys such as `aws:ResourceTag/Name`; those that are not there are null for IAM. */
  readonly keys: Readonly<Record<string, string>>;
}

type OneOrMore = string | readonly string[];

interface Statement {
  readonly Effect: string;
  readonly Action: OneOrMore;
  readonly Resource: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** A policy, judged as IAM does, as far as those of stacks/ go: what no statement allows is denied. */
export class Policy {
  readonly #statements: readonly Statement[];

  /** @throws Error for what is not judged here */
  constructor(text: string) {
    this.#statements = (JSON.parse(text) as { Statement: Statement[] }).Statement;
    for (const { Effect, Condition = {} } of this.#statements) {
      const strange = Object.keys(Condition).filter((operator) => !(operator in operators));
      if (Effect !== 'Allow' || strange.length > 0)
        throw new Error(`not judged: ${Effect} ${strange.join()}`);
    }
  }

  allows({ action, resource, keys }: Question): boolean {
    return this.#statements.some(
      (statement) =>
        listed(statement.Action).some((pattern) => matches(pattern, action)) &&
        listed(statement.Resource).some((pattern) => matches(pattern, resource)) &&
        Object.entries(statement.Condition ?? {}).every(([operator, tests]) =>
          Object.entries(tests).every(([key, values]) =>
            operators[operator as keyof typeof operators](keys[key], listed(values)),
          ),
        ),
    );
  }
}

const operators = {
  StringEquals: (value: string | undefined, wanted: readonly string[]) =>
    value !== undefined && wanted.includes(value),
  Null: (value: string | undefined, wanted: readonly string[]) =>
    wanted.includes(String(value === undefined)),
};

const listed = (value: OneOrMore): readonly string[] => (typeof value === 'string' ? [value] : value);

/** With IAM's wildcards; actions do not mind the case, and ARNs here have none that differ in it alone. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(text);
}

/** The policy of stacks/ that a user needs. */
export const ourPolicy = (): Policy =>
  new Policy(readFileSync(new URL('../../../stacks/policy.json', import.meta.url), 'utf8'));

/** A resource that a call names: its type and id as in its ARN, and its tags. */
interface Named {
  readonly arn: string;
  /** Tags that it has already. */
  readonly borne?: Readonly<Record<string, string>>;
  /** Tags that the call gives to it; undefined: it makes no such resource. */
  readonly given?: Readonly<Record<string, string>>;
}

/** The questions of one call. Which resources a call of EC2's is about, and which of their tags count, is from "Actions,
 * resources, and condition keys for Amazon EC2" of AWS's Service Authorization Reference, for the calls that change
 * something here; those that look have no resource. */
export async function questionsOf(call: Call, ec2: Ec2, region: string): Promise<Question[]> {
  const action = `${call.service}:${call.action}`;
  if (call.service === 'ssm') {
    const resource = `arn:aws:ssm:${region}::parameter${call.body.Name ?? ''}`;
    return [{ action, resource, keys: {} }];
  }
  const find = resources[call.action as keyof typeof resources];
  if (call.service !== 'ec2' || !find) return [{ action, resource: '*', keys: {} }];
  const found = await find(call, new Tags(ec2));
  return found.flatMap(({ arn, borne = {}, given }) => {
    const resource = `arn:aws:ec2:${region}:123456789012:${arn}`;
    const keys = { ...keyed('aws:ResourceTag', borne), ...keyed('aws:RequestTag', given ?? {}) };
    const tagging = {
      action: 'ec2:CreateTags',
      resource,
      keys: { ...keys, 'ec2:CreateAction': call.action },
    };
    return [{ action, resource, keys }, ...(given && Object.keys(given).length > 0 ? [tagging] : [])];
  });
}

const keyed = (prefix: string, tags: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

/** The tags of existing resources. */
class Tags {
  constructor(private readonly ec2: Ec2) {}

  async of(id: string): Promise<Record<string, string>> {
    const filter = { 'Filter.1.Name': 'resource-id', 'Filter.1.Value.1': id };
    const tags = await this.ec2.list('DescribeTags', 'tagSet/item', filter);
    return Object.fromEntries(tags.map((tag) => [tag.get('key'), tag.get('value')]));
  }

  async ofKey(name: string): Promise<Record<string, string>> {
    const keys = await this.ec2
      .list('DescribeKeyPairs', 'keySet/item', { 'KeyName.1': name })
      .catch(() => []);
    const tags = keys.flatMap((key) => key.all('tagSet/item'));
    return Object.fromEntries(tags.map((tag) => [tag.get('key'), tag.get('value')]));
  }
}

type Find = (call: Call, tags: Tags) => Promise<Named[]>;

const instances: Find = async (call, tags) =>
  Promise.all(namedInstances(call).map(async (id) => ({ arn: `instance/${id}`, borne: await tags.of(id) })));

const group = async (call: Call, tags: Tags): Promise<Named> => {
  const id = call.parameters.get('GroupId') ?? '';
  return { arn: `security-group/${id}`, borne: await tags.of(id) };
};

/** A rule counts as a resource of its own where the request gives it tags. */
const authorize: Find = async (call, tags) => {
  const given = givenTags(call, 'security-group-rule');
  const isTagged = Object.keys(given).length > 0;
  return [await group(call, tags), ...(isTagged ? [{ arn: 'security-group-rule/*', given }] : [])];
};

const numbered = ({ parameters }: Call, pattern: RegExp): string[] =>
  [...parameters].filter(([name]) => pattern.test(name)).map(([, value]) => value);

const resources: Readonly<Record<string, Find>> = {
  RunInstances: async (call, tags) => {
    const { parameters } = call;
    const groups = numbered(call, /^(NetworkInterface\.\d+\.)?SecurityGroupId\.\d+$/);
    const subnet = parameters.get('SubnetId') ?? parameters.get('NetworkInterface.1.SubnetId');
    const key = parameters.get('KeyName');
    return [
      { arn: 'instance/*', given: givenTags(call, 'instance') },
      { arn: 'volume/*', given: givenTags(call, 'volume') },
      { arn: 'network-interface/*' },
      { arn: `image/${parameters.get('ImageId')}` },
      { arn: `subnet/${subnet ?? '*'}` },
      ...(await Promise.all(
        groups.map(async (id) => ({ arn: `security-group/${id}`, borne: await tags.of(id) })),
      )),
      ...(key === null ? [] : [{ arn: `key-pair/${key}`, borne: await tags.ofKey(key) }]),
    ];
  },
  CreateSecurityGroup: async (call) => [
    { arn: 'security-group/*', given: givenTags(call, 'security-group') },
    { arn: `vpc/${call.parameters.get('VpcId') ?? '*'}` },
  ],
  ImportKeyPair: async (call) => [
    { arn: `key-pair/${call.parameters.get('KeyName')}`, given: givenTags(call, 'key-pair') },
  ],
  CreateTags: async (call, tags) =>
    Promise.all(
      numbered(call, /^ResourceId\.\d+$/).map(async (id) => ({ arn: `any/${id}`, borne: await tags.of(id) })),
    ),
  AuthorizeSecurityGroupIngress: authorize,
  AuthorizeSecurityGroupEgress: authorize,
  RevokeSecurityGroupIngress: async (call, tags) => [await group(call, tags)],
  RevokeSecurityGroupEgress: async (call, tags) => [await group(call, tags)],
  ModifySecurityGroupRules: async (call, tags) => [
    await group(call, tags),
    ...(await Promise.all(
      numbered(call, /^SecurityGroupRule\.\d+\.SecurityGroupRuleId$/).map(async (id) => ({
        arn: `security-group-rule/${id}`,
        borne: await tags.of(id),
      })),
    )),
  ],
  DeleteSecurityGroup: async (call, tags) => [await group(call, tags)],
  DeleteKeyPair: async (call, tags) => {
    const name = call.parameters.get('KeyName') ?? '';
    return [{ arn: `key-pair/${name}`, borne: await tags.ofKey(name) }];
  },
  CancelSpotInstanceRequests: async (call, tags) =>
    Promise.all(
      numbered(call, /^SpotInstanceRequestId\.\d+$/).map(async (id) => ({
        arn: `spot-instances-request/${id}`,
        borne: await tags.of(id),
      })),
    ),
  ModifyInstanceAttribute: instances,
  StartInstances: instances,
  StopInstances: instances,
  TerminateInstances: instances,
};
