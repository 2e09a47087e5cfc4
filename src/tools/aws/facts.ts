import type { Image, Instance, InstanceTypeInfo, SecurityGroupRule, Tag } from '@aws-sdk/client-ec2';

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

export const taggedAs = (id: string, tags: Tag[] | undefined): Tagged => ({ id, tags: tagsOf(tags) });

export const ruleFacts = ({
  SecurityGroupRuleId: id = '',
  GroupId: group = '',
  IsEgress: isEgress = false,
}: SecurityGroupRule): RuleFacts => ({ id, group, isEgress });

const tagsOf = (tags: Tag[] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
