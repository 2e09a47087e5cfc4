import { type StackPlan, tagKeys } from '../../../../stacks/stack-plan.js';
import { ownLine, UserError } from '../../../errors.js';
import type { Deployment } from '../../../runs/deployment.js';
import { existing } from '../../../runs/placement.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { MachineOutput } from '../../../tools/terraform/state.js';
import { type AwsMachine, type AwsPlace, addressOf, awsAt, withOwn } from '../place.js';
import type { Failure } from './progress.js';

/** Settings that all machines of a stack share and that can change while it exists. */
export interface SharedSettings {
  readonly sshCidr: string;
  readonly publicKey: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Created machines, and why others were not created, by condition. */
export interface Created {
  readonly up: ReadonlyMap<string, MachineOutput>;
  readonly failed: ReadonlyMap<string, Failure>;
}

/** The result of an apply. */
export interface Applied extends Created {
  /** Other errors. */
  readonly other: readonly string[];
  /** The addresses from which SSH is allowed. */
  readonly sshCidr: string;
}

/** The changes that an apply makes. Default: none. */
export interface Change {
  /** Machines that are launched now. */
  readonly launching?: ReadonlySet<string>;
  /** Programs to install on these in addition to the usual ones. */
  readonly programs?: readonly string[];
  /** Machines that are terminated. */
  readonly leaving?: ReadonlySet<string>;
  /** The addresses that SSH is allowed from: this computer's present one, or those of the existing rule. */
  readonly rule?: 'for us' | 'as it is';
}

/** The stack of a deployment with these machines.
 *  @param userData by machine */
export function stackPlan(
  { id, experiment }: Pick<Deployment, 'id' | 'experiment'>,
  machines: readonly AwsMachine[],
  all: AwsPlace,
  settings: SharedSettings,
  userData: ReadonlyMap<string, string>,
): StackPlan {
  return {
    experiment,
    deployment: id,
    region: all.region,
    account: all.account,
    ...settings,
    subnet: all.subnet && { id: all.subnet.id, vpc: all.subnet.vpc },
    publicAddress: all.public_address,
    state: all.state,
    machines: machines.map(({ name, own }) => ({
      condition: name,
      instanceType: own.instance_type,
      ami: own.ami,
      userData: userData.get(name) ?? '',
      rootVolume: own.root_volume,
      amiVolume: own.ami_volume,
      spot: own.spot && { maxPrice: own.spot.max_price },
    })),
  };
}

/** The machines that must exist after an apply: existing ones, and those launched now. A lost or refused one is not
 * created again until it is launched again. */
export function wantedMachines(
  machines: readonly AwsMachine[],
  launching: ReadonlySet<string>,
  live: readonly InstanceFacts[],
): AwsMachine[] {
  const existing = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
  return machines.filter(
    ({ name, released }) => released === null && (launching.has(name) || existing.has(name)),
  );
}

/** Launched machines that wait for others to end, since AWS refused them for want of quota while others of the
 * deployment exist. Without any other they would wait for ever. */
export function waiting({ up, failed }: Created, launching: ReadonlySet<string>): ReadonlySet<string> {
  if (up.size === 0) return new Set();
  return new Set([...launching].filter((name) => !up.has(name) && failed.get(name)?.isQuota));
}

/** The deployment with the machines that an apply created, and their addresses.
 * @param launching places that were launched: their refusals by AWS are recorded */
export function withApplied(
  deployment: Deployment,
  created: Created,
  launching: ReadonlySet<string>,
): Deployment {
  const { up, failed } = created;
  const later = waiting(created, launching);
  const places = deployment.places.map((place) => {
    const { name, released } = place;
    if (released !== null) return place;
    const found = up.get(name);
    const failure = launching.has(name) && !later.has(name) ? failed.get(name) : undefined;
    if (!found) return failure?.refused ? withOwn(place, { refused: failure.text }) : place;
    const { instance } = found;
    return withOwn(place, { instance, address: addressAfter(awsAt(place), found), refused: null });
  });
  const now = { ...deployment, places };
  return later.size === 0 ? now : { ...now, max_places: existing(now).length };
}

/** A stopped instance has no public address: the last one stays recorded. */
function addressAfter(own: AwsPlace, found: MachineOutput): string | null {
  const last = own.instance === found.instance ? own.address : null;
  return addressOf(own, found) ?? last;
}

/** The deployment with the user's present setting of allowed SSH addresses. */
export function withSshCidr(deployment: Deployment, ssh_cidr: string | null): Deployment {
  const places = deployment.places.map((place) =>
    place.released === null ? withOwn(place, { ssh_cidr }) : place,
  );
  return { ...deployment, places };
}

/** Neither the region nor the network of a stack can change while it exists. */
export function refuseOtherStack(before: AwsPlace, now: AwsPlace): void {
  const differs =
    before.account !== now.account
      ? `your AWS account is ${now.account} and was ${before.account}`
      : before.region !== now.region
        ? `aws_region is ${now.region} and was ${before.region}`
        : before.subnet?.id !== now.subnet?.id
          ? 'aws_subnet_id has changed'
          : before.state?.bucket !== now.state?.bucket
            ? 'aws_state_bucket has changed'
            : null;
  if (differs)
    throw new UserError(`The live deployment has machines elsewhere: ${differs}.`, [
      ownLine('terminate', [], 'end it; then deploy again'),
    ]);
}
