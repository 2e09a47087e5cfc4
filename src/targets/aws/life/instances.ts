import type { Deployment } from '../../../runs/deployment.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { Route } from '../../../tools/ssh/route.js';
import type { TargetContext } from '../../context.js';
import { SshPlaces } from '../../over-ssh/places.js';
import type { EndedJob } from '../../target.js';
import type { AwsAccount } from '../account.js';
import { type AwsMachine, type AwsPlace, addressOf, awsAt, machinesOf, userOf } from '../place.js';

/** What the state of an instance means for its jobs: `ask` the machine; it is `starting`; it is `stopped` with its disk
 * kept; `none` was created yet; or its jobs have ended with it. */
export type InstanceOutcome = 'none' | 'ask' | 'starting' | 'stopped' | EndedJob;

/** @param instance as AWS reports it; undefined: AWS knows no such id */
export function instanceOutcome(
  { own }: Pick<AwsMachine, 'own'>,
  instance: InstanceFacts | undefined,
): InstanceOutcome {
  if (own.refused !== null) return { state: 'failed', reason: 'capacity' };
  if (own.instance === null) return 'none';
  if (!instance || instance.state === 'terminated' || instance.state === 'shutting-down')
    return { state: 'lost', reason: whyGone(instance, own) };
  if (instance.state === 'stopped' || instance.state === 'stopping') return 'stopped';
  return instance.state === 'pending' ? 'starting' : 'ask';
}

function whyGone(instance: InstanceFacts | undefined, { spot }: AwsPlace): EndedJob['reason'] {
  if (!instance) return 'gone';
  if (/Spot/.test(instance.why)) return 'spot';
  return spot && instance.why === 'Client.InstanceInitiatedShutdown' ? 'deadline' : 'gone';
}

/** The instances of a deployment as AWS reports them, and the route to each. */
export class AwsInstances {
  readonly places: SshPlaces;
  /** The instances' present addresses by AWS, by id: after a restart they differ from the record. */
  readonly #addresses = new Map<string, string>();

  constructor(
    context: TargetContext,
    private readonly account: AwsAccount,
  ) {
    this.places = new SshPlaces(context, (place) => {
      const own = awsAt(place);
      const route = () => this.#routeTo(own);
      return { root: own.root, user: userOf(own), rootless: false, hasTimeout: false, route };
    });
  }

  /** The outcome of each machine, by name; `ask` if AWS is unreachable. Also stores their present addresses. */
  async outcomes(deployment: Deployment): Promise<ReadonlyMap<string, InstanceOutcome>> {
    const machines = machinesOf(deployment);
    const known = await this.account.instancesOf(machines);
    return new Map(
      machines.map((machine): [string, InstanceOutcome] => {
        const { name, own } = machine;
        const instance = known?.get(own.instance ?? '');
        const address = instance && addressOf(own, instance);
        if (instance && address && address !== this.#addressOf(own)) {
          this.#addresses.set(instance.id, address);
          this.places.ways.forgetRoutes();
        }
        return [name, known || own.refused !== null ? instanceOutcome(machine, instance) : 'ask'];
      }),
    );
  }

  /** Whether it can be reached now. */
  isReached({ own }: AwsMachine, outcome: InstanceOutcome | undefined): boolean {
    return outcome === 'ask' && this.#addressOf(own) !== null;
  }

  #addressOf({ instance, address }: AwsPlace): string | null {
    return (instance === null ? undefined : this.#addresses.get(instance)) ?? address;
  }

  /** The route by the user's own SSH configuration for the address, but with our key only. */
  async #routeTo(own: AwsPlace): Promise<Route | null> {
    const address = this.#addressOf(own);
    if (address === null) return null;
    const route = await this.places.ways.routeOf(`${own.user}@${address}`, null);
    return { ...route, identityFiles: [], agent: null, identityAgent: 'none', identitiesOnly: true };
  }

  /** Drops stored addresses: the record is newer. */
  recordIsCurrent(): void {
    this.#addresses.clear();
    this.places.ways.forgetRoutes();
  }
}
