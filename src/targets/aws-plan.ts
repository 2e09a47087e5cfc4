import { conditionAt, type StackPlan, tagKeys } from '../../stacks/stack-plan.js';
import { UserError } from '../errors.js';
import type { CloudMachine, DeployedMachine, Deployment } from '../runs/deployment.js';
import type { InstanceFacts } from '../tools/aws/api.js';
import type { Diagnostic } from '../tools/terraform/messages.js';
import type { Progress, ResourceProgress } from '../tools/terraform/progress.js';
import type { EndedJob, Step } from './target.js';

/** A machine that is rented for a deployment. */
export type RentedMachine = DeployedMachine & { readonly cloud: CloudMachine };

export const isRented = (machine: DeployedMachine): machine is RentedMachine => machine.cloud !== undefined;

/** What is the same for all machines of a stack. */
export interface Ground {
  readonly sshCidr: string;
  readonly publicKey: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The stack of a deployment with these machines.
 *  @param userData by machine */
export function stackPlan(
  { id, experiment }: Pick<Deployment, 'id' | 'experiment'>,
  machines: readonly RentedMachine[],
  all: CloudMachine,
  ground: Ground,
  userData: ReadonlyMap<string, string>,
): StackPlan {
  return {
    experiment,
    deployment: id,
    region: all.region,
    ...ground,
    subnet: all.subnet && { id: all.subnet.id, vpc: all.subnet.vpc },
    publicAddress: all.public_address,
    state: all.state,
    machines: machines.map(({ name, cloud }) => ({
      condition: name,
      instanceType: cloud.instance_type,
      ami: cloud.ami,
      userData: userData.get(name) ?? '',
      rootVolume: cloud.root_volume,
      amiVolume: cloud.ami_volume,
      spot: cloud.spot && { maxPrice: cloud.spot.max_price },
    })),
  };
}

/** The machines that are to be there: those that are, and those that are to be launched now. One that was lost, or
 *  that AWS did not give, is off until it is launched again. */
export function wantedMachines(
  machines: readonly RentedMachine[],
  launching: ReadonlySet<string>,
  live: readonly InstanceFacts[],
): RentedMachine[] {
  const there = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
  return machines.filter(
    ({ name, released }) => released === null && (launching.has(name) || there.has(name)),
  );
}

/** Instances of the deployment that Terraform does not know: made, and then it was killed. */
export const strays = (live: readonly InstanceFacts[], known: ReadonlySet<string>): InstanceFacts[] =>
  live.filter(({ id }) => !known.has(id));

/** Codes of AWS's for what it has not to give, now or to us. */
const nothingToGive =
  /InsufficientInstanceCapacity|InsufficientHostCapacity|InsufficientCapacity|InsufficientFreeAddressesInSubnet|SpotMaxPriceTooLow|MaxSpotInstanceCountExceeded|VcpuLimitExceeded|InstanceLimitExceeded|capacity-not-available|Unsupported/;

/** Why a machine did not come up, by condition. */
export function failures({
  resources,
}: Pick<Progress, 'resources'>): Map<string, { text: string; refused: boolean }> {
  const found = new Map<string, { text: string; refused: boolean }>();
  for (const [address, { step, why }] of resources) {
    const condition = conditionAt(address);
    if (condition === null || step !== 'failed') continue;
    const text = why.map(textOf).join('; ');
    found.set(condition, { text, refused: nothingToGive.test(text) });
  }
  return found;
}

/** What went wrong and is no single machine's. */
export const otherFailures = ({ resources, rest }: Progress): string[] => [
  ...rest.filter(({ severity }) => severity === 'error').map(textOf),
  ...[...resources]
    .filter(([address, { step }]) => step === 'failed' && conditionAt(address) === null)
    .map(([address, { why }]) => `${address}: ${why.map(textOf).join('; ')}`),
];

/** AWS's own words are at the end of what the provider makes of them. */
function textOf({ summary, detail }: Diagnostic): string {
  const text = [summary, detail].filter(Boolean).join(': ').replaceAll(/\s+/g, ' ').trim();
  return /api error (.*)$/.exec(text)?.[1] ?? text;
}

/** What Terraform's word on a machine means for it. */
export function stepOf(
  step: ResourceProgress['step'],
  failure: { readonly text: string; readonly refused: boolean } | undefined,
): Step {
  if (step === 'failed') return { failed: failure?.text ?? '', refused: failure?.refused ?? false };
  return ({ planned: 'waiting', started: 'making', done: 'starting' } as const)[step];
}

/** `2 of 3 machines ended`; '': there are none to end. */
export function countEnded({ resources }: Progress): string {
  const all = [...resources].filter(
    ([address, { action }]) => conditionAt(address) !== null && action === 'delete',
  );
  if (all.length === 0) return '';
  const ended = all.filter(([, { step }]) => step === 'done');
  return `${ended.length} of ${all.length} ${all.length === 1 ? 'machine' : 'machines'} ended`;
}

/** What the API's word on a machine means for its jobs: `ask` the machine itself, it is `starting`, it has `stopped`
 *  with its disk kept, or with it its jobs came to an end. */
export function fateOf(
  { cloud }: RentedMachine,
  instance: InstanceFacts | undefined,
): 'none' | 'ask' | 'starting' | 'stopped' | EndedJob {
  if (cloud.refused !== null) return { state: 'failed', reason: 'capacity' };
  if (cloud.instance === null) return 'none';
  if (!instance || instance.state === 'terminated' || instance.state === 'shutting-down')
    return { state: 'lost', reason: whyGone(instance, cloud) };
  if (instance.state === 'stopped' || instance.state === 'stopping') return 'stopped';
  return instance.state === 'pending' ? 'starting' : 'ask';
}

function whyGone(instance: InstanceFacts | undefined, { spot }: CloudMachine): EndedJob['reason'] {
  if (!instance) return 'gone';
  if (/Spot/.test(instance.why)) return 'spot';
  return spot && instance.why === 'Client.InstanceInitiatedShutdown' ? 'deadline' : 'gone';
}

/** The settings that the machines of a stack share: those of the ones that are there already. */
export function sharedCloud(machines: readonly DeployedMachine[]): CloudMachine | null {
  const rented = machines.filter(isRented).filter(({ released }) => released === null);
  return (rented.find(({ cloud }) => cloud.instance !== null) ?? rented[0])?.cloud ?? null;
}

/** The region of a stack cannot change while it is there, nor its network. */
export function refuseOtherGround(before: CloudMachine, now: CloudMachine): void {
  const differs =
    before.account !== undefined && before.account !== now.account
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
      'logistician terminate    # end it; then deploy again',
    ]);
}
