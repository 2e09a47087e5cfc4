import { UserError } from '../../../errors.js';
import type { Parameters } from '../../../experiment/parameters.js';
import type { MachineFacts } from '../../../machines/machine-facts.js';
import { type GpuWish, slots } from '../../../machines/slots.js';
import { count } from '../../../phrases.js';
import type { Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import type { AmiFacts, TypeFacts } from '../../../tools/aws/facts.js';
import { stateBucket } from '../../../tools/aws/state-bucket.js';
import { rootIn } from '../../over-ssh/layout.js';
import type { Offer } from '../../target.js';
import { type AwsPlace, userOf } from '../place.js';

/** Settings for AWS name something that does not exist, or contradict each other. */
export class NotAtAws extends UserError {}

/** GiB on the disk of a machine with GPUs beyond its image, which NVIDIA's tools fill. */
const besideTools = 20;

/** Time that a machine gets beyond `max_hours`, in seconds: to build the image, to be collected. */
const allowance = 3600;

/** The settings that all machines of a sweep share, checked against AWS. @throws NotAtAws, AwsRefused */
export async function surveyAws(
  api: AwsApi,
  executor: Executor,
  { aws, gpus, maxHours, idleMinutes, tags }: Parameters,
): Promise<Kind> {
  const account = await api.account();
  const type = await api.instanceType(aws.instanceType);
  if (!type)
    throw new NotAtAws(`There is no instance type ${aws.instanceType} in ${api.region}.`, [
      `aws --region ${api.region} ec2 describe-instance-type-offerings --query 'InstanceTypeOfferings[].InstanceType'`,
      '"aws_instance_type": "t3.small"    # in parameters.json',
    ]);
  refuseGpus(gpus, type, aws.instanceType);
  const [ami, subnet, state] = await Promise.all([
    findAmi(api, aws.ami, aws.instanceType, type),
    aws.subnetId === null ? verifyDefaultNetwork(api, aws.sshAddress) : findSubnet(api, aws.subnetId),
    aws.stateBucket === null ? null : stateBucket(executor, api.region, aws.stateBucket),
  ]);
  return {
    type,
    ami,
    own: {
      account,
      region: api.region,
      instance_type: aws.instanceType,
      ami: ami.id,
      ami_volume: ami.rootVolume,
      root_volume: Math.max(aws.rootVolumeSize, type.gpus > 0 ? ami.rootVolume + besideTools : 0),
      spot: aws.spot ? { max_price: aws.maxPrice } : null,
      subnet,
      public_address: aws.sshAddress === 'public',
      ssh_address: aws.sshAddress,
      ssh_cidr: aws.sshCidr,
      tags,
      state,
      user: aws.amiUser,
      root: rootIn(aws.amiUser === 'root' ? '/root' : `/home/${aws.amiUser}`),
      deadline: Math.ceil(maxHours * 3600) + allowance,
      // A one-time spot instance cannot be stopped, only terminated: uncollected results would be lost.
      idle_minutes: aws.spot ? null : idleMinutes,
      instance: null,
      address: null,
      refused: null,
    },
  };
}

/** A kind of machine; there will be one per condition. */
export interface Kind {
  readonly type: TypeFacts;
  readonly ami: AmiFacts;
  readonly own: AwsPlace;
}

/** The machine of a condition, before it exists. */
export function machineFor(condition: string, { type, own }: Kind, gpus: GpuWish): Offer {
  const facts: MachineFacts = {
    name: condition,
    user: userOf(own),
    engine: {
      version: 'not known yet',
      cpus: type.cpus,
      memory: type.memory,
      architecture: type.architectures.includes('arm64') ? 'aarch64' : 'x86_64',
      hasNvidia: type.gpus > 0,
      users: 'own',
    },
    gpus: Array.from({ length: type.gpus }, (_, index) => String(index)),
  };
  return {
    facts,
    only: condition,
    text: lineOf(own, type),
    place: {
      name: condition,
      here: false,
      // One job gets the whole machine.
      slots: slots(gpus === 'auto' && type.gpus > 0 ? 'all' : gpus, facts.gpus, facts.engine, 1),
      rented: { exists: false },
      own,
      released: null,
    },
  };
}

/** `t3.small (2 CPUs, 2.0 GiB), on demand, in us-east-1, ami-0123; each ends 25.0 h after its start, …`. */
export function lineOf(
  { instance_type, spot, region, ami, deadline, idle_minutes }: AwsPlace,
  { cpus, memory, gpus }: Pick<TypeFacts, 'cpus' | 'memory' | 'gpus'>,
): string {
  const has = [
    count(cpus, 'CPU'),
    `${(memory / 2 ** 30).toFixed(1)} GiB`,
    ...(gpus > 0 ? [count(gpus, 'GPU')] : []),
  ];
  const price = spot?.max_price ? ` at up to $${spot.max_price} an hour` : '';
  const market = spot ? `spot${price}, lost with all uncollected results if AWS reclaims it` : 'on demand';
  const hours = `${(deadline / 3600).toFixed(1)} h after it got its job`;
  const end = spot
    ? `each is terminated ${hours}, with results that are not collected by then`
    : `each stops, its disk kept, after ${idle_minutes} idle minutes, or ${hours}`;
  return `${instance_type} (${has.join(', ')}), ${market}, in ${region}, ${ami}; ${end}`;
}

function refuseGpus(wish: GpuWish, { gpus }: TypeFacts, type: string): void {
  const wanted = wish === 'all' ? 1 : typeof wish === 'number' ? wish : 0;
  if (wanted > gpus)
    throw new NotAtAws(`A job wants ${wish} GPUs, and ${type} has ${gpus === 0 ? 'none' : gpus}.`, [
      '"aws_instance_type": "g4dn.xlarge"    # in parameters.json: one with GPUs',
      '"gpus": "none"    # in parameters.json: none are needed',
    ]);
}

/** The public parameters with the ids of current images, the preferred one first. */
const names = (isArm: boolean) => ({
  gpu: ['24.04', '22.04'].map(
    (release) =>
      `/aws/service/deeplearning/ami/${isArm ? 'arm64' : 'x86_64'}/base-oss-nvidia-driver-gpu-ubuntu-${release}/latest/ami-id`,
  ),
  plain: [
    `/aws/service/canonical/ubuntu/server/24.04/stable/current/${isArm ? 'arm64' : 'amd64'}/hvm/ebs-gp3/ami-id`,
  ],
});

/** Families of NVIDIA's GPUs that are too old for the open driver of that image: Kepler, Maxwell, Volta. */
const tooOld = /^(p2|p3|p3dn|g3|g3s)\./;

/** The first of these parameters that exists in the region. */
async function firstOf(api: AwsApi, parameters: readonly string[]): Promise<string | null> {
  for (const name of parameters) {
    const found = await api.parameter(name);
    if (found !== null) return found;
  }
  return null;
}

async function findAmi(
  api: AwsApi,
  given: string | null,
  typeName: string,
  type: TypeFacts,
): Promise<AmiFacts> {
  const isArm = type.architectures.includes('arm64');
  const known = names(isArm)[type.gpus > 0 ? 'gpu' : 'plain'];
  const sayOne = '"aws_ami": "ami-0123456789abcdef0"    # in parameters.json';
  if (given === null && type.gpus > 0 && (type.gpuMaker !== 'NVIDIA' || tooOld.test(typeName)))
    throw new NotAtAws(
      `The image for GPUs has no driver for those of ${typeName}${type.gpuMaker === 'NVIDIA' ? ', which are too old' : ` (${type.gpuMaker || 'unknown'})`}.`,
      [
        `${sayOne}: one with their driver, and Docker's runtime for them`,
        '"aws_instance_type": "g4dn.xlarge"    # in parameters.json: one with newer GPUs of NVIDIA',
      ],
    );
  const id = given ?? (await firstOf(api, known));
  if (id === null)
    throw new NotAtAws(
      `${api.region} has no current image for ${typeName}: there is no parameter ${known.join(' or ')}.`,
      [sayOne],
    );
  const image = await api.image(id);
  if (!image)
    throw new NotAtAws(
      `There is no image ${id} in ${api.region}, or none that you may use. Images belong to a region.`,
      [`aws --region ${api.region} ec2 describe-images --image-ids ${id}`, sayOne],
    );
  if (!type.architectures.includes(image.architecture))
    throw new NotAtAws(
      `${id} (${image.name}) is for ${image.architecture}, and ${typeName} is ${type.architectures.join(' and ')}.`,
      [sayOne, '"aws_instance_type": "t3.small"    # in parameters.json: a type that fits the image'],
    );
  return image;
}

/** Where no subnet is given AWS chooses one of the default VPC, which not every account has. */
async function verifyDefaultNetwork(api: AwsApi, sshAddress: AwsPlace['ssh_address']): Promise<null> {
  const subnets = await api.defaultSubnets();
  const sayOne = '"aws_subnet_id": "subnet-…"    # in parameters.json: one with a way out to the internet';
  if (subnets.length === 0)
    throw new NotAtAws(`There is no default VPC in ${api.region}, and no subnet is set.`, [
      `aws --region ${api.region} ec2 create-default-vpc`,
      sayOne,
    ]);
  const without = subnets.filter(({ givesPublicAddresses }) => !givesPublicAddresses);
  if (sshAddress === 'public' && without.length > 0)
    throw new NotAtAws(
      `Machines in the default subnet ${without.map(({ id, zone }) => `${id} (${zone})`).join(', ')} get no public address, and AWS may choose it.`,
      [
        ...without.map(
          ({ id }) =>
            `aws --region ${api.region} ec2 modify-subnet-attribute --subnet-id ${id} --map-public-ip-on-launch`,
        ),
        sayOne,
      ],
    );
  return null;
}

async function findSubnet(api: AwsApi, id: string): Promise<AwsPlace['subnet']> {
  const found = await api.subnet(id);
  if (!found)
    throw new NotAtAws(`There is no subnet ${id} in ${api.region}.`, [
      `aws --region ${api.region} ec2 describe-subnets --query 'Subnets[].SubnetId'`,
    ]);
  return { id, ...found };
}
