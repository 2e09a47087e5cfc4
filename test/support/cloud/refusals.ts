import type { Refusal } from './answers.js';
import { type Call, namedInstances } from './call.js';
import { AwsError, type Ec2 } from './ec2.js';
import type { Xml } from './xml.js';

const userDataLimit = 16_384;

/** What AWS refuses and moto would do. Unknown images moto refuses itself, being told to. */
export async function refuse(call: Call, ec2: Ec2): Promise<Refusal | null> {
  if (call.service !== 'ec2') return null;
  if (call.action === 'RunInstances') return refuseLaunch(call.parameters, ec2);
  if (call.action === 'StopInstances') return refuseStop(call, ec2);
  return null;
}

async function refuseLaunch(parameters: URLSearchParams, ec2: Ec2): Promise<Refusal | null> {
  const bytes = Buffer.from(parameters.get('UserData') ?? '', 'base64').length;
  if (bytes > userDataLimit) {
    const message = `User data is limited to ${userDataLimit} bytes`;
    return { code: 'InvalidParameterValue', message };
  }
  const keyName = parameters.get('KeyName');
  if (keyName && !(await described(ec2, 'DescribeKeyPairs', 'keySet/item', { 'KeyName.1': keyName })))
    return { code: 'InvalidKeyPair.NotFound', message: `The key pair '${keyName}' does not exist` };
  const [type, image] = await Promise.all([
    described(ec2, 'DescribeInstanceTypes', 'instanceTypeSet/item', {
      'InstanceType.1': parameters.get('InstanceType') ?? 'm1.small',
    }),
    described(ec2, 'DescribeImages', 'imagesSet/item', { 'ImageId.1': parameters.get('ImageId') ?? '' }),
  ]);
  if (!type) {
    const message = `Invalid value '${parameters.get('InstanceType')}' for InstanceType.`;
    return { code: 'InvalidParameterValue', message };
  }
  return (
    (image && (wrongArchitecture(type, image) ?? smallVolume(parameters, image))) ??
    (await notOffered(type.get('instanceType'), parameters, ec2))
  );
}

function wrongArchitecture(type: Xml, image: Xml): Refusal | null {
  const borne = type.all('processorInfo/supportedArchitectures/item').map(({ text }) => text);
  const wanted = image.get('architecture');
  if (borne.includes(wanted)) return null;
  const message =
    `The architecture '${borne.join(',')}' of the specified instance type does not match the architecture ` +
    `'${wanted}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and ` +
    `try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the ` +
    `instance type or AMI.`;
  return { code: 'InvalidParameterValue', message };
}

function smallVolume(parameters: URLSearchParams, image: Xml): Refusal | null {
  const disk = image.all('blockDeviceMapping/item')[0];
  for (const [name, device] of parameters) {
    const [, mapping] = /^(BlockDeviceMapping\.\d+)\.DeviceName$/.exec(name) ?? [];
    if (!disk || !mapping || device !== image.get('rootDeviceName')) continue;
    const size = Number(parameters.get(`${mapping}.Ebs.VolumeSize`) ?? Number.POSITIVE_INFINITY);
    const least = Number(disk.get('ebs/volumeSize'));
    if (size >= least) continue;
    const snapshot = disk.get('ebs/snapshotId');
    const message = `Volume of size ${size}GB is smaller than snapshot '${snapshot}', expect size>= ${least}GB`;
    return { code: 'InvalidBlockDeviceMapping', message };
  }
  return null;
}

async function notOffered(type: string, parameters: URLSearchParams, ec2: Ec2): Promise<Refusal | null> {
  const offers = await ec2.list('DescribeInstanceTypeOfferings', 'instanceTypeOfferingSet/item', {
    LocationType: 'availability-zone',
    'Filter.1.Name': 'instance-type',
    'Filter.1.Value.1': type,
  });
  const zones = offers.map((offer) => offer.get('location'));
  const subnet = parameters.get('SubnetId') ?? parameters.get('NetworkInterface.1.SubnetId');
  const place =
    subnet && (await described(ec2, 'DescribeSubnets', 'subnetSet/item', { 'SubnetId.1': subnet }));
  const zone = parameters.get('Placement.AvailabilityZone') ?? (place ? place.get('availabilityZone') : null);
  if (zones.length === 0) {
    const message =
      'The requested configuration is currently not supported. Please check the documentation for supported ' +
      'configurations.';
    return { code: 'Unsupported', message };
  }
  if (!zone || zones.includes(zone)) return null;
  const message =
    `Your requested instance type (${type}) is not supported in your requested Availability Zone (${zone}). Please ` +
    `retry your request by not specifying an Availability Zone or choosing ${zones.join(', ')}.`;
  return { code: 'Unsupported', message };
}

async function refuseStop(call: Call, ec2: Ec2): Promise<Refusal | null> {
  for (const id of namedInstances(call)) {
    const [instance] = await ec2.instances({ 'InstanceId.1': id }).catch(() => []);
    if (!instance?.isSpot) continue;
    const message =
      `You can't stop the Spot Instance '${id}' because it is associated with a one-time Spot Instance request. You ` +
      `can only stop Spot Instances associated with persistent Spot Instance requests.`;
    return { code: 'UnsupportedOperation', message };
  }
  return null;
}

/** The first element of an answer; null where AWS knows of none. */
async function described(ec2: Ec2, action: string, path: string, parameters: Record<string, string>) {
  try {
    return (await ec2.call(action, parameters)).all(path)[0] ?? null;
  } catch (error) {
    if (error instanceof AwsError) return null;
    throw error;
  }
}
