import { UserError } from '../../errors.js';
import type { AwsApi } from '../../tools/aws/api.js';
import type { InstanceFacts } from '../../tools/aws/facts.js';
import { AwsRefused } from '../../tools/aws/refusals.js';
import type { Kind } from './offer/survey.js';
import { type AwsMachine, type AwsPlace, instanceIdsOf } from './place.js';
import { Recent } from './recent.js';

/** The credentials are of another account, which would say of each machine that it does not exist. */
export class OtherAccount extends UserError {
  constructor(account: string, own: string) {
    super(
      `The machines of this deployment are in the AWS account ${account}, and your credentials are of ${own}.`,
      [
        'export AWS_PROFILE=…    # the one that it was deployed with',
        'aws sts get-caller-identity    # who you are to AWS',
      ],
    );
  }
}

/** The API as the caller's own settings reach it, and what it has answered lately. A target has one. */
export class AwsAccount {
  /** Kinds of machine that can be had: a plan is made again once it is confirmed. */
  readonly kinds = new Recent<Kind>(30_000);
  /** Instances: a sweep that is followed is looked at twice a second. */
  readonly #instances = new Recent<ReadonlyMap<string, InstanceFacts> | null>(5_000);
  /** Accounts that the credentials here have proved to be of. */
  readonly #proven = new Set<string>();

  /** The SDK is loaded when it is needed.
   *  @param region null: the one of the environment or of the profile. @throws AwsRefused */
  async open(region: string | null): Promise<AwsApi> {
    const { AwsApi } = await import('../../tools/aws/api.js');
    return AwsApi.open(region);
  }

  /** The API for machines that have been written down. @throws AwsRefused, OtherAccount */
  async openOf({ account, region }: Pick<AwsPlace, 'account' | 'region'>): Promise<AwsApi> {
    const api = await this.open(region);
    if (this.#proven.has(account)) return api;
    const own = await api.account();
    if (own !== account) throw new OtherAccount(account, own);
    this.#proven.add(account);
    return api;
  }

  /** What AWS says of the instances of these machines, by id; null: it cannot be asked now, which says nothing of them.
   *  The answer may be some seconds old. @throws OtherAccount */
  async instancesOf(machines: readonly AwsMachine[]): Promise<ReadonlyMap<string, InstanceFacts> | null> {
    const ids = instanceIdsOf(machines).sort();
    const first = machines.find(({ own }) => own.instance !== null)?.own;
    if (!first) return new Map();
    return this.#instances.of([first.region, ...ids].join(' '), () => this.#ask(first, ids));
  }

  /** They have been started or stopped: earlier answers are out of date. */
  forgetInstances(): void {
    this.#instances.clear();
  }

  async #ask(place: AwsPlace, ids: readonly string[]): Promise<ReadonlyMap<string, InstanceFacts> | null> {
    try {
      const api = await this.openOf(place);
      return new Map((await api.instances(ids)).map((instance) => [instance.id, instance]));
    } catch (error) {
      if (error instanceof AwsRefused) return null;
      throw error;
    }
  }
}
