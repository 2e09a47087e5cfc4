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
import { type ClientSettings, clientSettings, regionIn } from './client-settings.js';
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
import { reasonOfProfile } from './own-reason.js';
import { AwsRefused, refusal } from './refusals.js';
import { verifyProfileFiles } from './user-files.js';

/** Reads from AWS in one region; nothing here changes anything. Credentials and endpoints come from the SDK's standard
 * variables and files. Every method throws AwsRefused. */
export class AwsApi {
  readonly #common: ClientSettings;
  readonly #ec2: EC2Client;

  private constructor(readonly region: string) {
    this.#common = clientSettings(region, process.env);
    this.#ec2 = new EC2Client(this.#common);
  }

  /** @param region null: that of the environment or the profile. @throws AwsRefused if none is set; BadAwsFile */
  static async open(region: string | null): Promise<AwsApi> {
    verifyProfileFiles(process.env);
    return new AwsApi(region ?? (await regionIn(process.env)));
  }

  /** The ARN of our identity: proves that AWS accepts the credentials. */
  async identity(): Promise<string> {
    const client = new STSClient(this.#common);
    const { Arn } = await this.#asking('read your identity', () =>
      client.send(new GetCallerIdentityCommand({})),
    );
    return Arn ?? '';
  }

  /** The number of the account of the credentials. */
  async account(): Promise<string> {
    return (await this.identity()).split(':')[4] ?? '';
  }

  async regions(): Promise<string[]> {
    const { Regions = [] } = await this.#asking('list the regions', () =>
      this.#ec2.send(new DescribeRegionsCommand({})),
    );
    return Regions.flatMap(({ RegionName }) => RegionName ?? []);
  }

  /** null: the type does not exist in the region. */
  async instanceType(type: string): Promise<TypeFacts | null> {
    const found = await this.#unless(/^InvalidInstanceType|^InvalidParameterValue/, () =>
      this.#asking(`ask for the instance type ${type}`, () =>
        this.#ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: [type as never] })),
      ),
    );
    const facts = found?.InstanceTypes?.[0];
    return facts ? typeFacts(facts) : null;
  }

  /** null: the AMI does not exist in the region, or we may not use it. */
  async image(id: string): Promise<AmiFacts | null> {
    const found = await this.#unless(/^InvalidAMIID/, () =>
      this.#asking(`ask for the AMI ${id}`, () =>
        this.#ec2.send(new DescribeImagesCommand({ ImageIds: [id] })),
      ),
    );
    const image = found?.Images?.[0];
    return image ? amiFacts(id, image) : null;
  }

  /** The value of a public parameter; null: it does not exist in the region. */
  async parameter(name: string): Promise<string | null> {
    const client = new SSMClient(this.#common);
    const found = await this.#unless(/^ParameterNotFound/, () =>
      this.#asking(`read the public parameter ${name}`, () =>
        client.send(new GetParameterCommand({ Name: name })),
      ),
    );
    return found?.Parameter?.Value ?? null;
  }

  /** The VPC of a subnet, and its address range; null: it does not exist in the region. */
  async subnet(subnet: string): Promise<{ vpc: string; range: string } | null> {
    const found = await this.#unless(/^InvalidSubnet/, () =>
      this.#asking(`ask for the subnet ${subnet}`, () =>
        this.#ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] })),
      ),
    );
    const { VpcId, CidrBlock } = found?.Subnets?.[0] ?? {};
    return VpcId && CidrBlock ? { vpc: VpcId, range: CidrBlock } : null;
  }

  /** The subnets of the region's default VPC, in which AWS puts a machine of which nothing else is said; none: there is
   * no such VPC. */
  async defaultSubnets(): Promise<{ id: string; zone: string; givesPublicAddresses: boolean }[]> {
    const isDefault = [{ Name: 'default-for-az', Values: ['true'] }];
    const { Subnets = [] } = await this.#asking('list the default subnets', () =>
      this.#ec2.send(new DescribeSubnetsCommand({ Filters: isDefault })),
    );
    return Subnets.map(({ SubnetId: id = '', AvailabilityZone: zone = '', MapPublicIpOnLaunch }) => ({
      id,
      zone,
      givesPublicAddresses: MapPublicIpOnLaunch === true,
    }));
  }

  /** The instances with these ids that exist; AWS drops terminated ones after about an hour. */
  async instances(ids: readonly string[]): Promise<InstanceFacts[]> {
    const found: InstanceFacts[] = [];
    // A filter takes at most 200 values.
    for (let from = 0; from < ids.length; from += 200)
      found.push(...(await this.#list([{ Name: 'instance-id', Values: ids.slice(from, from + 200) }])));
    return found;
  }

  /** Instances with a tag that are not terminated. @param value null: any */
  tagged(key: string, value: string | null): Promise<InstanceFacts[]> {
    const alive = ['pending', 'running', 'stopping', 'stopped'];
    return this.#list([tagIs(key, value), { Name: 'instance-state-name', Values: alive }]);
  }

  /** Key pairs; their names are used as ids. */
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
      if (error instanceof AwsRefused) throw error;
      const isWithout = (error as Error).name === 'CredentialsProviderError';
      throw refusal(what, this.region, error, isWithout ? await reasonOfProfile(process.env) : null);
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
