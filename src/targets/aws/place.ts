import type { User } from '../../machines/user.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import { unreleased } from '../../runs/placement.js';
import type { InstanceFacts } from '../../tools/aws/facts.js';

/** What a deployment keeps of one of its instances: what it is made of, who may reach it, and what became of it. */
export interface AwsPlace {
  /** The AWS account that it is in. */
  readonly account: string;
  readonly region: string;
  readonly instance_type: string;
  readonly ami: string;
  /** GiB that the AMI brings, and that are wished for. */
  readonly ami_volume: number;
  readonly root_volume: number;
  /** null: on demand. */
  readonly spot: { readonly max_price: string | null } | null;
  /** null: AWS chooses one of the default VPC. */
  readonly subnet: { readonly id: string; readonly vpc: string; readonly range: string } | null;
  readonly public_address: boolean;
  /** Which of its addresses SSH goes to. */
  readonly ssh_address: 'public' | 'private';
  /** The addresses that SSH is allowed from, IPv4 in CIDR notation, as the user set them; null: this computer's own. */
  readonly ssh_cidr: string | null;
  /** The user's own tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where Terraform's state is; null: here. */
  readonly state: { readonly bucket: string; readonly region: string } | null;
  /** Who logs in. */
  readonly user: string;
  /** Our folder on it, an absolute path. */
  readonly root: string;
  /** Seconds from each boot to its end. */
  readonly deadline: number;
  /** Minutes without work after which it stops; null: it does not. */
  readonly idle_minutes: number | null;
  /** The instance's id; null: it has not been created yet. */
  readonly instance: string | null;
  /** Where SSH reached it when this was written; null: nowhere yet. It changes when it is stopped and started. */
  readonly address: string | null;
  /** AWS had none to give, in its own words; null: it was not refused. */
  readonly refused: string | null;
}

/** A place of a deployment at AWS. */
export type AwsMachine = Place & { readonly own: AwsPlace };

/** Every place of this target has been written by it. */
export const awsMachine = (place: Place): AwsMachine => place as AwsMachine;

export const awsAt = (place: Place): AwsPlace => awsMachine(place).own;

/** Those that have not been released. */
export const machinesOf = (deployment: Pick<Deployment, 'places'>): AwsMachine[] =>
  unreleased(deployment).map(awsMachine);

export const instanceIdsOf = (machines: readonly AwsMachine[]): string[] =>
  machines.flatMap(({ own }) => own.instance ?? []);

/** Where SSH reaches the instance now; null: AWS says nothing of that. */
export const addressOf = (
  { ssh_address }: Pick<AwsPlace, 'ssh_address'>,
  { publicAddress, privateAddress }: Pick<InstanceFacts, 'publicAddress' | 'privateAddress'>,
): string | null => (ssh_address === 'public' ? publicAddress : privateAddress);

/** The first user of an image, in every distribution. */
export function userOf({ user }: Pick<AwsPlace, 'user'>): User {
  const id = user === 'root' ? 0 : 1000;
  return { id, group: id, name: user };
}

/** The settings that the machines of a deployment share: those of one that exists, if any does. */
export function sharedPlace(machines: readonly AwsMachine[]): AwsPlace | null {
  const left = machines.filter(({ released }) => released === null);
  return (left.find(({ own }) => own.instance !== null) ?? left[0])?.own ?? null;
}

/** The place with other settings of its own, which say whether it exists. */
export function withOwn<T extends Place>(place: T, changes: Partial<AwsPlace>): AwsMachine {
  const own: AwsPlace = { ...awsAt(place), ...changes };
  return { ...place, own, rented: { exists: own.instance !== null } };
}
