import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeRegionsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type Filter,
  type Instance,
} from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Asker } from './asker.js';
import { clientSettings, regionIn } from './client-settings.js';
import { dryRuns, type Trial } from './dry-run.js';
import {
  type AmiFacts,
  accountIn,
  amiFacts,
  type CredentialsFacts,
  type DefaultSubnet,
  type DryRun,
  type InstanceFacts,
  instanceFacts,
  type RuleFacts,
  type RunningInstance,
  ruleFacts,
  runningInstance,
  type Tagged,
  type TypeFacts,
  taggedAs,
  typeFacts,
  type WayOut,
  wayOutBy,
} from './facts.js';
import { identityOf } from './identity.js';
import { reasonOfProfile } from './own-reason.js';
import { quotaValue } from './quota-value.js';
import { AwsRefused, refusal } from './refusals.js';
import { verifyProfileFiles } from './user-files.js';

/** Reads from AWS in one region; nothing here changes anything. Credentials and endpoints come from the SDK's standard
 * variables and files. Every method throws AwsRefused. */
export class AwsApi implements Asker {
  readonly settings: Asker['settings'];
  readonly ec2: EC2Client;

  private constructor(readonly region: string) {
    this.settings = clientSettings(region, process.env);
    this.ec2 = new EC2Client(this.settings);
  }

  /** @param region null: that of the environment or the profile. @throws AwsRefused if none is set; BadAwsFile */
  static async open(region: string | null): Promise<AwsApi> {
    verifyProfileFiles(process.env);
    return new AwsApi(region ?? (await regionIn(process.env)));
  }

  /** The ARN of our identity: proves that AWS accepts the credentials. */
  async identity(): Promise<string> {
    const client = new STSClient(this.settings);
    const { Arn } = await this.asking('read your identity', () =>
      client.send(new GetCallerIdentityCommand({})),
    );
    return Arn ?? '';
  }

  /** The number of the account of the credentials. */
  async account(): Promise<string> {
    return accountIn(await this.identity());
  }

  /** How long the credentials are valid. */
  async credentials(): Promise<CredentialsFacts> {
    const { sessionToken, expiration } = await this.asking('find your credentials', () =>
      this.ec2.config.credentials(),
    );
    // Keys in the environment stay as they are.
    const isFixed = identityOf(process.env).credentials !== undefined;
    const said = isFixed ? process.env.AWS_CREDENTIAL_EXPIRATION : undefined;
    const end = said && !Number.isNaN(Date.parse(said)) ? new Date(said) : (expiration ?? null);
    const isTemporary = sessionToken !== undefined || end !== null;
    // Keys with a token in a file have no time.
    return { isTemporary, isRenewed: !isFixed && end !== null, end };
  }

  async regions(): Promise<string[]> {
    const { Regions = [] } = await this.asking('list the regions', () =>
      this.ec2.send(new DescribeRegionsCommand({})),
    );
    return Regions.flatMap(({ RegionName }) => RegionName ?? []);
  }

  /** null: the type does not exist in the region. */
  async instanceType(type: string): Promise<TypeFacts | null> {
    const found = await this.#unless(/^InvalidInstanceType|^InvalidParameterValue/, () =>
      this.asking(`ask for the instance type ${type}`, () =>
        this.ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: [type as never] })),
      ),
    );
    const facts = found?.InstanceTypes?.[0];
    return facts ? typeFacts(facts) : null;
  }

  /** null: the AMI does not exist in the region, or we may not use it. */
  async image(id: string): Promise<AmiFacts | null> {
    const found = await this.#unless(/^InvalidAMIID/, () =>
      this.asking(`ask for the AMI ${id}`, () =>
        this.ec2.send(new DescribeImagesCommand({ ImageIds: [id] })),
      ),
    );
    const image = found?.Images?.[0];
    return image ? amiFacts(id, image) : null;
  }

  /** The value of a public parameter; null: it does not exist in the region. */
  async parameter(name: string): Promise<string | null> {
    const client = new SSMClient(this.settings);
    const found = await this.#unless(/^ParameterNotFound/, () =>
      this.asking(`read the public parameter ${name}`, () =>
        client.send(new GetParameterCommand({ Name: name })),
      ),
    );
    return found?.Parameter?.Value ?? null;
  }

  /** The VPC of a subnet, its address range and its zone; null: it does not exist in the region. */
  async subnet(subnet: string): Promise<{ vpc: string; range: string; zone: string } | null> {
    const found = await this.#unless(/^InvalidSubnet/, () =>
      this.asking(`ask for the subnet ${subnet}`, () =>
        this.ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] })),
      ),
    );
    const { VpcId, CidrBlock, AvailabilityZone: zone = '' } = found?.Subnets?.[0] ?? {};
    return VpcId && CidrBlock ? { vpc: VpcId, range: CidrBlock, zone } : null;
  }

  /** The subnets of the region's default VPC, in which AWS puts a machine of which nothing else is said; none: there is
   * no such VPC. */
  async defaultSubnets(): Promise<DefaultSubnet[]> {
    const isDefault = [{ Name: 'default-for-az', Values: ['true'] }];
    const { Subnets = [] } = await this.asking('list the default subnets', () =>
      this.ec2.send(new DescribeSubnetsCommand({ Filters: isDefault })),
    );
    return Subnets.map(
      ({ SubnetId: id = '', VpcId: vpc = '', AvailabilityZone: zone = '', MapPublicIpOnLaunch }) => ({
        id,
        vpc,
        zone,
        givesPublicAddresses: MapPublicIpOnLaunch === true,
      }),
    );
  }

  /** The zones of the region in which there are instances of a type. */
  async zonesOf(type: string): Promise<string[]> {
    const { InstanceTypeOfferings = [] } = await this.asking(`list the zones that offer ${type}`, () =>
      this.ec2.send(
        new DescribeInstanceTypeOfferingsCommand({
          LocationType: 'availability-zone',
          Filters: [{ Name: 'instance-type', Values: [type] }],
        }),
      ),
    );
    return InstanceTypeOfferings.flatMap(({ Location }) => Location ?? []).sort();
  }

  /** Where a subnet sends packets for the internet: to an internet gateway, elsewhere (such as a NAT gateway), or nowhere.
   * A subnet without a route table of its own has its VPC's. */
  async wayOut(subnet: string, vpc: string): Promise<WayOut> {
    const tablesWhere = async (...filters: [string, string][]) => {
      const Filters = filters.map(([Name, value]) => ({ Name, Values: [value] }));
      const { RouteTables = [] } = await this.asking(`read the routes of ${subnet}`, () =>
        this.ec2.send(new DescribeRouteTablesCommand({ Filters })),
      );
      return RouteTables;
    };
    const own = await tablesWhere(['association.subnet-id', subnet]);
    const tables = own.length > 0 ? own : await tablesWhere(['vpc-id', vpc], ['association.main', 'true']);
    return wayOutBy(tables.flatMap(({ Routes = [] }) => Routes));
  }

  /** The vCPUs of each instance of the account that runs in the region, or is about to. */
  async running(): Promise<RunningInstance[]> {
    const states = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }];
    return (await this.#listed(states)).map(runningInstance);
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

  /** The value of a quota of EC2 in the account and the region; null: AWS knows none of this code there.
   * @param code such as `L-1216C47A` */
  quota(code: string): Promise<number | null> {
    return quotaValue(this, code);
  }

  /** What AWS would answer to the calls that create a deployment. Nothing is created. */
  dryRuns(trial: Trial): Promise<DryRun[]> {
    return dryRuns(this, trial);
  }

  /** Key pairs; their names are used as ids. */
  async keyPairs(key: string, value: string | null): Promise<Tagged[]> {
    const { KeyPairs = [] } = await this.asking('list key pairs', () =>
      this.ec2.send(new DescribeKeyPairsCommand({ Filters: [tagIs(key, value)] })),
    );
    return KeyPairs.map(({ KeyName = '', Tags }) => taggedAs(KeyName, Tags));
  }

  async securityGroups(key: string, value: string | null): Promise<Tagged[]> {
    const { SecurityGroups = [] } = await this.asking('list security groups', () =>
      this.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [tagIs(key, value)] })),
    );
    return SecurityGroups.map(({ GroupId = '', Tags }) => taggedAs(GroupId, Tags));
  }

  async securityGroupRules(key: string, value: string): Promise<RuleFacts[]> {
    const { SecurityGroupRules = [] } = await this.asking('list the rules of security groups', () =>
      this.ec2.send(new DescribeSecurityGroupRulesCommand({ Filters: [tagIs(key, value)] })),
    );
    return SecurityGroupRules.map(ruleFacts);
  }

  async #list(filters: Filter[]): Promise<InstanceFacts[]> {
    return (await this.#listed(filters)).map(instanceFacts);
  }

  async #listed(filters: Filter[]): Promise<Instance[]> {
    const found: Instance[] = [];
    for (let token: string | undefined; ; ) {
      const page = await this.asking('list instances', () =>
        this.ec2.send(new DescribeInstancesCommand({ Filters: filters, NextToken: token })),
      );
      found.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
      token = page.NextToken;
      if (!token) return found;
    }
  }

  async asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof AwsRefused) throw error;
      const isWithout = (error as Error).name === 'CredentialsProviderError';
      const reason = isWithout ? await reasonOfProfile(process.env) : null;
      throw refusal(what, this.region, error, process.env, reason);
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
