import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeRegionsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type Filter,
  type Instance,
} from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  type AmiFacts,
  amiFacts,
  type InstanceFacts,
  instanceFacts,
  type RuleFacts,
  ruleFacts,
  type Tagged,
  type TypeFacts,
  taggedAs,
  typeFacts,
} from './facts.js';
import { AwsRefused, refusal } from './refusals.js';

// Which SDK is bundled is no matter of whoever runs it: not every command is to speak of the next one's Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** As Terraform is told to: AWS has too much to do for some seconds where many ask, the machines of a sweep among them. */
const maxAttempts = 6;

/** Reads of AWS in one region: nothing here changes anything. Credentials and endpoints come as the SDKs' standard
 *  variables and files say. Every method throws AwsRefused. */
export class AwsApi {
  readonly #ec2: EC2Client;

  private constructor(readonly region: string) {
    this.#ec2 = new EC2Client({ region, maxAttempts });
  }

  /** @param region null: the one of the environment or of the profile. @throws AwsRefused if none is set */
  static async open(region: string | null): Promise<AwsApi> {
    // It would tell our users which Node later versions of it need; this one is bundled.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    if (region !== null) return new AwsApi(region);
    const found = await new EC2Client({}).config.region().catch(() => '');
    if (found === '')
      throw new AwsRefused('No AWS region is set.', 'NoRegion', [
        '"aws_region": "eu-central-1"    # in parameters.json',
        'export AWS_REGION=eu-central-1',
      ]);
    return new AwsApi(found);
  }

  /** Who we are: proves that there are credentials and that AWS takes them. */
  async identity(): Promise<string> {
    const client = new STSClient({ region: this.region, maxAttempts });
    const { Arn } = await this.#asking('say who you are', () =>
      client.send(new GetCallerIdentityCommand({})),
    );
    return Arn ?? '';
  }

  /** The number of the account that the credentials are of. */
  async account(): Promise<string> {
    return (await this.identity()).split(':')[4] ?? '';
  }

  async regions(): Promise<string[]> {
    const { Regions = [] } = await this.#asking('list the regions', () =>
      this.#ec2.send(new DescribeRegionsCommand({})),
    );
    return Regions.flatMap(({ RegionName }) => RegionName ?? []);
  }

  /** null: there is no such type in the region. */
  async instanceType(type: string): Promise<TypeFacts | null> {
    const found = await this.#unless(/^InvalidInstanceType|^InvalidParameterValue/, () =>
      this.#asking(`ask for the instance type ${type}`, () =>
        this.#ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: [type as never] })),
      ),
    );
    const facts = found?.InstanceTypes?.[0];
    return facts ? typeFacts(facts) : null;
  }

  /** null: there is no such AMI in the region, or none that we may use. */
  async image(id: string): Promise<AmiFacts | null> {
    const found = await this.#unless(/^InvalidAMIID/, () =>
      this.#asking(`ask for the AMI ${id}`, () =>
        this.#ec2.send(new DescribeImagesCommand({ ImageIds: [id] })),
      ),
    );
    const image = found?.Images?.[0];
    return image ? amiFacts(id, image) : null;
  }

  /** The value of a public parameter; null: there is none in the region. */
  async parameter(name: string): Promise<string | null> {
    const client = new SSMClient({ region: this.region, maxAttempts });
    const found = await this.#unless(/^ParameterNotFound/, () =>
      this.#asking(`read the public parameter ${name}`, () =>
        client.send(new GetParameterCommand({ Name: name })),
      ),
    );
    return found?.Parameter?.Value ?? null;
  }

  /** The VPC of a subnet, and its own range; null: there is no such subnet in the region. */
  async subnet(subnet: string): Promise<{ vpc: string; range: string } | null> {
    const found = await this.#unless(/^InvalidSubnet/, () =>
      this.#asking(`ask for the subnet ${subnet}`, () =>
        this.#ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] })),
      ),
    );
    const { VpcId, CidrBlock } = found?.Subnets?.[0] ?? {};
    return VpcId && CidrBlock ? { vpc: VpcId, range: CidrBlock } : null;
  }

  /** Instances with these ids, as far as there are any; AWS forgets those that were ended after about an hour. */
  async instances(ids: readonly string[]): Promise<InstanceFacts[]> {
    const found: InstanceFacts[] = [];
    // A filter takes 200 values.
    for (let from = 0; from < ids.length; from += 200)
      found.push(...(await this.#list([{ Name: 'instance-id', Values: ids.slice(from, from + 200) }])));
    return found;
  }

  /** Instances with a tag that have not been ended. @param value null: whatever value */
  tagged(key: string, value: string | null): Promise<InstanceFacts[]> {
    const alive = ['pending', 'running', 'stopping', 'stopped'];
    return this.#list([tagIs(key, value), { Name: 'instance-state-name', Values: alive }]);
  }

  /** Their ids are their names. */
  async keyPairs(key: string, value: string | null): Promise<Tagged[]> {
    const { KeyPairs = [] } = await this.#asking('list key pairs', () =>
      this.#ec2.send(new DescribeKeyPairsCommand({ Filters: [tagIs(key, value)] })),
    );
    return KeyPairs.map(({ KeyName = '', Tags }) => taggedAs(KeyName, Tags));
  }

  async securityGroups(key: string, value: string | null): Promise<Tagged[]> {
    const { SecurityGroups = [] } = await this.#asking('list security groups', () =>
      this.#ec2.send(new DescribeSecurityGroupsCommand({ Filters: [tagIs(key, value)] })),
    );
    return SecurityGroups.map(({ GroupId = '', Tags }) => taggedAs(GroupId, Tags));
  }

  async securityGroupRules(key: string, value: string): Promise<RuleFacts[]> {
    const { SecurityGroupRules = [] } = await this.#asking('list the rules of security groups', () =>
      this.#ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [tagIs(key, value)] })),
    );
    return SecurityGroupRules.map(ruleFacts);
  }

  async #list(filters: Filter[]): Promise<InstanceFacts[]> {
    const found: Instance[] = [];
    for (let token: string | undefined; ; ) {
      const page = await this.#asking('list instances', () =>
        this.#ec2.send(new DescribeInstancesCommand({ Filters: filters, NextToken: token })),
      );
      found.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
      token = page.NextToken;
      if (!token) return found.map(instanceFacts);
    }
  }

  async #asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw refusal(what, this.region, error);
    }
  }

  async #unless<T>(code: RegExp, ask: () => Promise<T>): Promise<T | null> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof AwsRefused && code.test(error.code)) return null;
      throw error;
    }
  }
}

const tagIs = (key: string, value: string | null): Filter =>
  value === null ? { Name: 'tag-key', Values: [key] } : { Name: `tag:${key}`, Values: [value] };
