import { type StackPlan, tagKeys } from '../../../../stacks/stack-plan.js';
import { ownLine, UserError } from '../../../errors.js';
import type { Deployment } from '../../../runs/deployment.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { MachineOutput } from '../../../tools/terraform/state.js';
import { type AwsMachine, type AwsPlace, addressOf, awsAt, withOwn } from '../place.js';
import type { Failure } from './progress.js';

/** What is the same for all machines of a stack, and can change while it exists. */
export interface SharedSettings {
  readonly sshCidr: string;
  readonly publicKey: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What Terraform has created, and why other machines were not, by condition. */
export interface Created {
  readonly up: ReadonlyMap<string, MachineOutput>;
  readonly failed: ReadonlyMap<string, Failure>;
}

/** The result of an apply. */
export interface Applied extends Created {
  /** What else went wrong. */
  readonly other: readonly string[];
  /** Where SSH connections may come from. */
  readonly sshCidr: string;
}

/** What an apply is to change. Left out: nothing. */
export interface Change {
  /** Machines that are launched now. */
  readonly launching?: ReadonlySet<string>;
  /** Programs that these are to have beside what every machine has. */
  readonly programs?: readonly string[];
  /** Machines that are given back. */
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

/** The machines that are to exist: those that do, and those that are launched now. One that was lost, or that AWS did
 *  not give, does not come back until it is launched again. */
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

/** The deployment with what an apply has created, and where SSH reaches it.
 *  @param launching places that were asked for: AWS's refusal of one of them is kept */
export function withApplied(
  deployment: Deployment,
  { up, failed }: Created,
  launching: ReadonlySet<string>,
): Deployment {
  const places = deployment.places.map((place) => {
    const { name, released } = place;
    if (released !== null) return place;
    const found = up.get(name);
    const failure = launching.has(name) ? failed.get(name) : undefined;
    if (!found) return failure?.refused ? withOwn(place, { refused: failure.text }) : place;
    const { instance } = found;
    return withOwn(place, { instance, address: addressAfter(awsAt(place), found), refused: null });
  });
  return { ...deployment, places };
}

/** An instance that has stopped has no public address now: its last one stays written down. */
function addressAfter(own: AwsPlace, found: MachineOutput): string | null {
  const last = own.instance === found.instance ? own.address : null;
  return addressOf(own, found) ?? last ?? found.privateAddress;
}

/** The deployment with where SSH is to be let in from, as the user says now. */
export function withSshCidr(deployment: Deployment, ssh_cidr: string | null): Deployment {
  const places = deployment.places.map((place) =>
    place.released === null ? withOwn(place, { ssh_cidr }) : place,
  );
  return { ...deployment, places };
}

/** The region of a stack cannot change while it exists, nor its network. */
export function refuseOtherStack(before: AwsPlace, now: AwsPlace): void {
  const differs =
    before.account !== now.account
      ? `your AWS account is ${now.account} and was ${before.account}`
      : before.region !== now.region
        ? `aws_region is ${now.region} and was ${before.region}`
        : before.subnet?.id !== now.subnet?.id
          ? 'aws_subnet_id is another'
          : before.state?.bucket !== now.state?.bucket
            ? 'aws_state_bucket is another'
            : null;
  if (differs)
    throw new UserError(`The live deployment has machines elsewhere: ${differs}.`, [
      ownLine('terminate', [], 'end it; then deploy again'),
    ]);
}
