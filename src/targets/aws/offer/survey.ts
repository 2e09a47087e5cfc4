import type { Parameters } from '../../../experiment/parameters.js';
import type { MachineFacts } from '../../../machines/machine-facts.js';
import { type GpuWish, slots } from '../../../machines/slots.js';
import { count } from '../../../phrases.js';
import type { Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import { type AmiFacts, accountIn, type TypeFacts } from '../../../tools/aws/facts.js';
import { stateBucket } from '../../../tools/aws/state-bucket.js';
import { rootIn } from '../../over-ssh/layout.js';
import type { Offer } from '../../target.js';
import { type AwsPlace, userOf } from '../place.js';
import { credentialsLine } from './credentials.js';
import { findAmi } from './image.js';
import { surveyNetwork } from './network.js';
import { NotAtAws } from './not-at-aws.js';
import { surveyPermissions } from './permissions.js';
import { type Quota, surveyQuota } from './quota.js';

/** GiB on the disk of a machine with GPUs beyond its image, which NVIDIA's tools fill. */
const besideTools = 20;

/** Time that a machine gets beyond `max_hours`, in seconds: to build the image, to be collected. */
const allowance = 3600;

/** The settings that all machines of a sweep share, checked against AWS before anything is created.
 * @param publicKey for the machines, in OpenSSH's format. @throws NotAtAws, AwsRefused */
export async function surveyAws(
  api: AwsApi,
  executor: Executor,
  { aws, gpus, maxHours, idleMinutes, tags }: Parameters,
  publicKey: string,
): Promise<Kind> {
  const [who, { type, ami }] = await Promise.all([api.identity(), surveyMachine(api, aws, gpus)]);
  const isSpot = aws.spot;
  const [network, { quota, notes }, state, credentials] = await Promise.all([
    surveyNetwork(api, aws),
    surveyQuota(api, { type: aws.instanceType, each: type.cpus, isSpot }),
    aws.stateBucket === null ? null : stateBucket(executor, api.region, aws.stateBucket),
    api.credentials(),
  ]);
  const { subnet } = network;
  await surveyPermissions(api, { type: aws.instanceType, ami: ami.id, isSpot, subnet, publicKey }, tags);
  const valid = credentialsLine(credentials, maxHours, new Date());
  return {
    type,
    ami,
    quota,
    notes: [`At AWS you are ${who}.`, ...(valid.isEnough ? [] : [valid.text]), ...network.notes, ...notes],
    own: {
      account: accountIn(who),
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

/** The type of machine and the image that fits it. @throws NotAtAws, AwsRefused */
export async function surveyMachine(
  api: AwsApi,
  { instanceType, ami }: Pick<Parameters['aws'], 'instanceType' | 'ami'>,
  gpus: GpuWish,
): Promise<Pick<Kind, 'type' | 'ami'>> {
  const type = await api.instanceType(instanceType);
  if (!type)
    throw new NotAtAws(`There is no instance type ${instanceType} in ${api.region}.`, [
      `aws --region ${api.region} ec2 describe-instance-type-offerings --query 'InstanceTypeOfferings[].InstanceType'`,
      '"aws_instance_type": "t3.small"    # in parameters.json',
    ]);
  refuseGpus(gpus, type, instanceType);
  return { type, ami: await findAmi(api, ami, instanceType, type) };
}

/** A kind of machine; there will be one per condition. */
export interface Kind {
  readonly type: TypeFacts;
  readonly ami: AmiFacts;
  readonly own: AwsPlace;
  /** null: not known. */
  readonly quota: Quota | null;
  /** Worth knowing before anything is created. */
  readonly notes: readonly string[];
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

/** `t3.small (2 CPUs, 2.0 GiB), on demand, in us-east-1, ami-0123; each stops, its disk kept, after 30 idle minutes, or
 * …`. */
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

/** Types of NVIDIA's newer GPUs, the smallest that has as many. */
const typeWith = (gpus: number): string | null =>
  gpus <= 1 ? 'g4dn.xlarge' : gpus <= 4 ? 'g4dn.12xlarge' : gpus <= 8 ? 'g4dn.metal' : null;

function refuseGpus(wish: GpuWish, { gpus }: TypeFacts, type: string): void {
  const wanted = wish === 'all' ? 1 : typeof wish === 'number' ? wish : 0;
  if (wanted <= gpus) return;
  const other = typeWith(wanted);
  throw new NotAtAws(`A job wants ${wish} GPUs, and ${type} has ${gpus === 0 ? 'none' : gpus}.`, [
    ...(other === null
      ? []
      : [`"aws_instance_type": "${other}"    # in parameters.json: one with ${wanted} or more`]),
    gpus === 0
      ? '"gpus": "none"    # in parameters.json: none are needed'
      : '"gpus": "all"    # in parameters.json: those of the type',
  ]);
}
