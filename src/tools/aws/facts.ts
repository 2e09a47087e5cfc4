import type { Image, Instance, InstanceTypeInfo, Route, SecurityGroupRule, Tag } from '@aws-sdk/client-ec2';

// The fields of AWS's answers that we use, with defaults for missing ones.

/** Facts about an instance type. */
export interface TypeFacts {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** By AWS's names: `x86_64`, `arm64`. */
  readonly architectures: readonly string[];
  readonly gpus: number;
  /** Who made them, such as `NVIDIA`; empty: none. */
  readonly gpuMaker: string;
}

export interface AmiFacts {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** GiB of its root volume. */
  readonly rootVolume: number;
}

export interface InstanceFacts {
  readonly id: string;
  /** pending, running, stopping, stopped, shutting-down, terminated */
  readonly state: string;
  /** AWS's code for the reason of that state; empty: none. */
  readonly why: string;
  readonly publicAddress: string | null;
  readonly privateAddress: string | null;
  readonly launched: Date | null;
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An instance as far as quotas count it. */
export interface RunningInstance {
  readonly type: string;
  readonly isSpot: boolean;
  readonly cpus: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A subnet of the default VPC. */
export interface DefaultSubnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly givesPublicAddresses: boolean;
}

/** Where packets for the internet go. */
export type WayOut = 'internet gateway' | 'elsewhere' | 'nowhere';

/** How long credentials are valid. */
export interface CredentialsFacts {
  readonly isTemporary: boolean;
  /** Temporary ones that their source replaces by itself when they expire: a role, single sign-on, a program. */
  readonly isRenewed: boolean;
  /** null: never, or not known. */
  readonly end: Date | null;
}

/** AWS's answer to a call that it was asked to check, and not to do. */
export interface DryRun {
  /** As in a policy: `ec2:RunInstances`. */
  readonly action: string;
  /** AWS's code where it would refuse the call, and its message; null: it would do it. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}

/** Our code for an endpoint that does what it should only check. */
export const noDryRun = 'NoDryRun';

/** A tagged resource at AWS. */
export interface Tagged {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A rule of a security group. */
export interface RuleFacts {
  readonly id: string;
  readonly group: string;
  readonly isEgress: boolean;
}

export const typeFacts = (info: InstanceTypeInfo): TypeFacts => ({
  cpus: info.VCpuInfo?.DefaultVCpus ?? 1,
  memory: (info.MemoryInfo?.SizeInMiB ?? 1024) * 2 ** 20,
  architectures: info.ProcessorInfo?.SupportedArchitectures ?? [],
  // A part of a GPU has no count of whole ones.
  gpus: (info.GpuInfo?.Gpus ?? []).reduce(
    (sum, { Count, LogicalGpuCount }) => sum + (Count || LogicalGpuCount || 0),
    0,
  ),
  gpuMaker: info.GpuInfo?.Gpus?.[0]?.Manufacturer ?? '',
});

export function amiFacts(id: string, image: Image): AmiFacts {
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    id,
    name: image.Name ?? id,
    architecture: image.Architecture ?? '',
    rootVolume: root?.Ebs?.VolumeSize ?? 8,
  };
}

export const instanceFacts = (instance: Instance): InstanceFacts => ({
  id: instance.InstanceId ?? '',
  state: instance.State?.Name ?? '',
  why: instance.StateReason?.Code ?? '',
  publicAddress: instance.PublicIpAddress || null,
  privateAddress: instance.PrivateIpAddress || null,
  launched: instance.LaunchTime ?? null,
  type: instance.InstanceType ?? '',
  tags: tagsOf(instance.Tags),
});

/** An answer without the numbers of cores has one vCPU, the least that there is. */
export const runningInstance = (instance: Instance): RunningInstance => {
  const { CoreCount = 1, ThreadsPerCore = 1 } = instance.CpuOptions ?? {};
  return {
    type: instance.InstanceType ?? '',
    isSpot: instance.InstanceLifecycle === 'spot',
    cpus: CoreCount * ThreadsPerCore,
    tags: tagsOf(instance.Tags),
  };
};

/** By a subnet's routes. IPv4 alone: machines have addresses of that. */
export function wayOutBy(routes: readonly Route[]): WayOut {
  const out = routes.find(
    ({ DestinationCidrBlock, State }) => DestinationCidrBlock === '0.0.0.0/0' && State !== 'blackhole',
  );
  if (!out) return 'nowhere';
  return out.GatewayId?.startsWith('igw-') ? 'internet gateway' : 'elsewhere';
}

export const taggedAs = (id: string, tags: Tag[] | undefined): Tagged => ({ id, tags: tagsOf(tags) });

export const ruleFacts = ({
  SecurityGroupRuleId: id = '',
  GroupId: group = '',
  IsEgress: isEgress = false,
}: SecurityGroupRule): RuleFacts => ({ id, group, isEgress });

const tagsOf = (tags: Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));

/** The number of the account in an ARN. */
export const accountIn = (arn: string): string => arn.split(':')[4] ?? '';
