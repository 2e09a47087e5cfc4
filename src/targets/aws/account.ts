import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import type { AwsApi } from '../../tools/aws/api.js';
import type { InstanceFacts } from '../../tools/aws/facts.js';
import { AwsRefused } from '../../tools/aws/refusals.js';
import { asProfile } from '../../tools/aws/sign-in.js';
import type { Kind } from './offer/survey.js';
import { type AwsMachine, type AwsPlace, instanceIdsOf } from './place.js';
import { Recent } from './recent.js';

/** The credentials belong to another account, whose API would report every machine as missing. */
export class OtherAccount extends UserError {
  constructor(account: string, own: string, env: NodeJS.ProcessEnv) {
    super(
      `The machines of this deployment are in the AWS account ${account}, and your credentials belong to ${own}.`,
      [
        asProfile(env, 'the one that it was deployed with'),
        'aws sts get-caller-identity    # shows the account of your credentials',
      ],
    );
  }
}

/** Milliseconds between two looks at what one answer lacks. */
const pause = 3_000;

/** The instances with these ids that exist. An answer of AWS's may lack one that was just made: only what two of them
 * lack does not exist. @throws AwsRefused */
export async function listed(
  api: Pick<AwsApi, 'instances'>,
  ids: readonly string[],
): Promise<InstanceFacts[]> {
  const found = await api.instances(ids);
  const known = new Set(found.map(({ id }) => id));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length === 0) return found;
  await sleep(pause);
  return [...found, ...(await api.instances(missing))];
}

/** The AWS API with the caller's own settings, and a cache of recent answers. One per target. */
export class AwsAccount {
  /** Available kinds of machine: the plan is made again after it was confirmed. */
  readonly kinds = new Recent<Kind>(30_000);
  /** Instances: `--watch` polls twice a second. */
  readonly #instances = new Recent<ReadonlyMap<string, InstanceFacts> | null>(5_000);
  /** Ids of instances that do not exist any more. */
  readonly #gone = new Set<string>();
  /** Accounts to which the credentials here belong, as verified. */
  readonly #proven = new Set<string>();

  /** The SDK is loaded when it is needed.
   * @param region null: that of the environment or the profile. @throws AwsRefused */
  async open(region: string | null): Promise<AwsApi> {
    const { AwsApi } = await import('../../tools/aws/api.js');
    return AwsApi.open(region);
  }

  /** The API for recorded machines. @throws AwsRefused, OtherAccount */
  async openOf({ account, region }: Pick<AwsPlace, 'account' | 'region'>): Promise<AwsApi> {
    const api = await this.open(region);
    if (this.#proven.has(account)) return api;
    const own = await api.account();
    if (own !== account) throw new OtherAccount(account, own, process.env);
    this.#proven.add(account);
    return api;
  }

  /** AWS's facts about the instances of these machines, by id, at most some seconds old; null: AWS cannot be reached
   * now, so nothing is known. @throws OtherAccount */
  async instancesOf(machines: readonly AwsMachine[]): Promise<ReadonlyMap<string, InstanceFacts> | null> {
    const ids = instanceIdsOf(machines).sort();
    const first = machines.find(({ own }) => own.instance !== null)?.own;
    if (!first) return new Map();
    return this.#instances.of([first.region, ...ids].join(' '), () => this.#ask(first, ids));
  }

  /** Drops cached answers: instances were started or stopped. */
  forgetInstances(): void {
    this.#instances.clear();
  }

  async #ask(place: AwsPlace, ids: readonly string[]): Promise<ReadonlyMap<string, InstanceFacts> | null> {
    try {
      const api = await this.openOf(place);
      const asked = ids.filter((id) => !this.#gone.has(id));
      const found = new Map((await listed(api, asked)).map((instance) => [instance.id, instance]));
      for (const id of asked) if (!found.has(id)) this.#gone.add(id);
      return found;
    } catch (error) {
      if (error instanceof AwsRefused) return null;
      throw error;
    }
  }
}
