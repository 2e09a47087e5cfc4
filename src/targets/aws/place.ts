import type { User } from '../../machines/user.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import { unreleased } from '../../runs/placement.js';
import type { InstanceFacts } from '../../tools/aws/facts.js';

/** The record of one instance of a deployment: its settings, its access rules, and its outcome. */
export interface AwsPlace {
  /** The AWS account that it is in. */
  readonly account: string;
  readonly region: string;
  readonly instance_type: string;
  readonly ami: string;
  /** GiB of the AMI's disk, and as requested. */
  readonly ami_volume: number;
  readonly root_volume: number;
  /** null: on demand. */
  readonly spot: { readonly max_price: string | null } | null;
  /** null: AWS chooses one of the default VPC. */
  readonly subnet: { readonly id: string; readonly vpc: string; readonly range: string } | null;
  readonly public_address: boolean;
  /** Which of its addresses SSH uses. */
  readonly ssh_address: 'public' | 'private';
  /** The addresses that SSH is allowed from, IPv4 in CIDR notation, as the user set them; null: this computer's own. */
  readonly ssh_cidr: string | null;
  /** The user's own tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where Terraform's state is stored; null: on this computer. */
  readonly state: { readonly bucket: string; readonly region: string } | null;
  /** The login user. */
  readonly user: string;
  /** Our folder on it, an absolute path. */
  readonly root: string;
  /** Seconds from each boot, and again from each delivery of jobs, until it powers off. */
  readonly deadline: number;
  /** Idle minutes after which it stops; null: it does not. */
  readonly idle_minutes: number | null;
  /** The instance's id; null: not created yet. */
  readonly instance: string | null;
  /** Its address for SSH when this was written; null: none yet. It changes with a stop and a start. */
  readonly address: string | null;
  /** AWS's message if it refused to create the instance; null: it did not. */
  readonly refused: string | null;
}

/** A place of a deployment at AWS. */
export type AwsMachine = Place & { readonly own: AwsPlace };

/** Safe, since every place of this target was written by it. */
export const awsMachine = (place: Place): AwsMachine => place as AwsMachine;

export const awsAt = (place: Place): AwsPlace => awsMachine(place).own;

/** Those that are not released. */
export const machinesOf = (deployment: Pick<Deployment, 'places'>): AwsMachine[] =>
  unreleased(deployment).map(awsMachine);

export const instanceIdsOf = (machines: readonly AwsMachine[]): string[] =>
  machines.flatMap(({ own }) => own.instance ?? []);

/** The instance's present address for SSH; null: AWS reports none. */
export const addressOf = (
  { ssh_address }: Pick<AwsPlace, 'ssh_address'>,
  { publicAddress, privateAddress }: Pick<InstanceFacts, 'publicAddress' | 'privateAddress'>,
): string | null => (ssh_address === 'public' ? publicAddress : privateAddress);

/** The login user with the ids of an image's first user, which are the same in every distribution. */
export function userOf({ user }: Pick<AwsPlace, 'user'>): User {
  const id = user === 'root' ? 0 : 1000;
  return { id, group: id, name: user };
}

/** The settings that the machines of a deployment share: those of an existing machine, if there is one. */
export function sharedPlace(machines: readonly AwsMachine[]): AwsPlace | null {
  const left = machines.filter(({ released }) => released === null);
  return (left.find(({ own }) => own.instance !== null) ?? left[0])?.own ?? null;
}

/** The place with changes of its record. */
export function withOwn<T extends Place>(place: T, changes: Partial<AwsPlace>): AwsMachine {
  const own: AwsPlace = { ...awsAt(place), ...changes };
  return { ...place, own, rented: { exists: own.instance !== null } };
}
