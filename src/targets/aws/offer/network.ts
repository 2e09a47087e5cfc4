import type { AwsApi } from '../../../tools/aws/api.js';
import type { DefaultSubnet } from '../../../tools/aws/facts.js';
import type { AwsPlace } from '../place.js';
import { mayNotAsk, unlessDenied } from './may-not-ask.js';
import { NotAtAws } from './not-at-aws.js';

/** Where machines are to be. */
interface Wish {
  readonly instanceType: string;
  /** null: AWS chooses one of the default VPC. */
  readonly subnetId: string | null;
  readonly sshAddress: AwsPlace['ssh_address'];
}

export interface NetworkSurvey {
  readonly subnet: AwsPlace['subnet'];
  /** Worth knowing, and no reason to stop. */
  readonly notes: readonly string[];
}

const sayOne = '"aws_subnet_id": "subnet-…"    # in parameters.json: one with a way out to the internet';

/** Checks that machines can be in a subnet, and be reached there. @throws NotAtAws, AwsRefused */
export async function surveyNetwork(api: AwsApi, wish: Wish): Promise<NetworkSurvey> {
  const { instanceType, subnetId } = wish;
  const [given, zones] = await Promise.all([
    subnetId === null ? null : findSubnet(api, subnetId),
    unlessDenied(() => api.zonesOf(instanceType)),
  ]);
  const subnets = given === null ? await defaultSubnets(api, wish) : [given];
  const offered = zones === null ? subnets : subnets.filter(({ zone }) => zones.includes(zone));
  if (offered.length === 0) {
    const others = await unlessDenied(() => api.zonesOf(small));
    const isThere = subnets.some(({ zone }) => others?.includes(zone));
    throw withoutType(api.region, instanceType, given, zones ?? [], isThere);
  }
  const notes =
    zones === null ? [mayNotAsk('which zones offer the type', 'ec2:DescribeInstanceTypeOfferings')] : [];
  return {
    subnet: given && { id: given.id, vpc: given.vpc, range: given.range },
    notes: [...notes, ...(await waysOut(api, offered, wish))],
  };
}

/** A type to propose in the place of another one. */
const small = 't3.small';

/** @param zones that offer the type @param isSmallThere whether the small one is offered where the other is not */
function withoutType(
  region: string,
  type: string,
  given: { readonly id: string; readonly zone: string } | null,
  zones: readonly string[],
  isSmallThere: boolean,
): NotAtAws {
  const found = zones.length === 0 ? 'no zone' : zones.join(', ');
  const where = given
    ? `in the zone ${given.zone} of the subnet ${given.id}`
    : 'in a zone that has a default subnet';
  return new NotAtAws(`${region} has no ${type} ${where}; ${found} of the region has it.`, [
    ...(zones.length === 0
      ? []
      : [
          `aws --region ${region} ec2 describe-subnets --filters Name=availability-zone,Values=${zones.join(',')} --query 'Subnets[].[SubnetId,AvailabilityZone]'`,
          '"aws_subnet_id": "subnet-…"    # in parameters.json: one in such a zone',
        ]),
    ...(isSmallThere ? [`"aws_instance_type": "${small}"    # in parameters.json: another type`] : []),
  ]);
}

/** @throws NotAtAws if a machine could not be reached in one of these subnets */
async function waysOut(
  api: AwsApi,
  subnets: readonly { readonly id: string; readonly vpc: string; readonly zone: string }[],
  { sshAddress }: Wish,
): Promise<string[]> {
  const found = await unlessDenied(() =>
    Promise.all(subnets.map(async (subnet) => ({ ...subnet, way: await api.wayOut(subnet.id, subnet.vpc) }))),
  );
  if (found === null) return [mayNotAsk('whether the subnet has a way out', 'ec2:DescribeRouteTables')];
  const named = (some: typeof found) => some.map(({ id, zone }) => `${id} (${zone})`).join(', ');
  const shut = found.filter(({ way }) => way !== 'internet gateway');
  if (sshAddress === 'public' && shut.length > 0)
    throw new NotAtAws(
      `Machines in the subnet ${named(shut)} could not be reached at a public address: it has no route to an internet gateway.`,
      [
        sayOne,
        '"aws_ssh_address": "private"    # in parameters.json: from inside of its network, such as over a VPN',
      ],
    );
  const dead = found.filter(({ way }) => way === 'nowhere');
  return dead.length === 0
    ? []
    : [
        `The subnet ${named(dead)} has no route to the internet: a machine there can install nothing, and pull no image from outside.`,
      ];
}

/** Where no subnet is given AWS chooses one of the default VPC, which not every account has. */
async function defaultSubnets(api: AwsApi, { sshAddress }: Wish): Promise<DefaultSubnet[]> {
  const subnets = await api.defaultSubnets();
  if (subnets.length === 0)
    throw new NotAtAws(`There is no default VPC in ${api.region}, and no subnet is set.`, [
      `aws --region ${api.region} ec2 create-default-vpc    # an administrator may have to`,
      sayOne,
    ]);
  const without = subnets.filter(({ givesPublicAddresses }) => !givesPublicAddresses);
  if (sshAddress === 'public' && without.length > 0)
    throw new NotAtAws(
      `Machines in the default subnet ${without.map(({ id, zone }) => `${id} (${zone})`).join(', ')} get no public address, and AWS may choose it.`,
      [
        ...without.map(
          ({ id }) =>
            `aws --region ${api.region} ec2 modify-subnet-attribute --subnet-id ${id} --map-public-ip-on-launch    # an administrator may have to`,
        ),
        sayOne,
      ],
    );
  return subnets;
}

async function findSubnet(api: AwsApi, id: string) {
  const found = await api.subnet(id);
  if (!found)
    throw new NotAtAws(`There is no subnet ${id} in ${api.region}.`, [
      `aws --region ${api.region} ec2 describe-subnets --query 'Subnets[].[SubnetId,AvailabilityZone]'`,
      sayOne,
    ]);
  return { id, ...found };
}
