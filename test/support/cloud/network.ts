import { randomInt } from 'node:crypto';
import { docker } from '../docker.js';
import type { Ec2 } from './ec2.js';

/** The VPC and the subnet that the cloud's machines are in, with the Docker network that has the same addresses. */
export interface Network {
  /** The cloud's, and of the Docker network. */
  readonly name: string;
  readonly vpc: string;
  /** The AWS subnet's id. */
  readonly subnet: string;
  readonly range: string;
  /** The address that this computer has there. */
  readonly gateway: string;
}

/** Makes both. No packet leaves the Docker network: who has an address in it reaches the others and this computer. */
export async function makeNetwork(name: string, ec2: Ec2, hasMachines: boolean): Promise<Network> {
  const base = hasMachines ? await makeDockerNetwork(name) : nowhere();
  const range = `${base}.0/22`;
  const vpc = (await ec2.call('CreateVpc', { CidrBlock: range })).get('vpc/vpcId');
  const [zone] = await ec2.list('DescribeAvailabilityZones', 'availabilityZoneInfo/item/zoneName');
  const place = { VpcId: vpc, CidrBlock: range, AvailabilityZone: zone?.text ?? '' };
  const made = await ec2.call('CreateSubnet', place);
  const subnet = made.get('subnet/subnetId');
  // A public subnet, as one's default ones are.
  await openToInternet(ec2, vpc);
  const isDefault = { 'Filter.1.Name': 'is-default', 'Filter.1.Value.1': 'true' };
  const [usual] = await ec2.list('DescribeVpcs', 'vpcSet/item/vpcId', isDefault);
  if (usual) await openToInternet(ec2, usual.text);
  await ec2.call('ModifySubnetAttribute', { SubnetId: subnet, 'MapPublicIpOnLaunch.Value': 'true' });
  return { name, vpc, subnet, range, gateway: `${base}.1` };
}

/** What packets to the internet take from a VPC. */
export async function openToInternet(ec2: Ec2, vpc: string): Promise<void> {
  const gateway = (await ec2.call('CreateInternetGateway')).get('internetGateway/internetGatewayId');
  await ec2.call('AttachInternetGateway', { VpcId: vpc, InternetGatewayId: gateway });
  const tables = { 'Filter.1.Name': 'vpc-id', 'Filter.1.Value.1': vpc };
  const [table] = await ec2.list('DescribeRouteTables', 'routeTableSet/item/routeTableId', tables);
  const route = { RouteTableId: table?.text ?? '', DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway };
  await ec2.call('CreateRoute', route);
}

/** Addresses of this computer: a connection to one is refused at once, where one to nowhere takes its time. */
const nowhere = (): string => `127.${randomInt(64, 192)}.${randomInt(64) * 4}`;

const randomBase = (): string => `10.${randomInt(64, 192)}.${randomInt(64) * 4}`;

/** Docker refuses addresses that this computer uses already. */
async function makeDockerNetwork(name: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const base = randomBase();
    const addresses = ['--subnet', `${base}.0/22`, '--gateway', `${base}.1`];
    try {
      await docker(
        'network',
        'create',
        '--internal',
        ...addresses,
        '--label',
        `logistician.test=${name}`,
        name,
      );
      return base;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
