import { UserError } from '../errors.js';
import type { CloudMachine } from '../runs/deployment.js';
import type { AwsApi, InstanceFacts } from '../tools/aws/api.js';
import { AwsRefused } from '../tools/aws/errors.js';
import type { RentedMachine } from './aws-plan.js';

/** How old an answer of the API may be, in milliseconds: whoever follows a sweep looks twice a second. */
const freshness = 5_000;

const answers = new Map<string, { readonly at: number; readonly known: Map<string, InstanceFacts> | null }>();

/** What AWS says of the instances of these machines, by id; null: it cannot be asked now, which says nothing of them.
 *  The answer may be some seconds old. @throws OtherAccount */
export async function instancesOf(
  machines: readonly RentedMachine[],
): Promise<ReadonlyMap<string, InstanceFacts> | null> {
  const ids = machines.flatMap(({ cloud }) => cloud.instance ?? []).sort();
  const cloud = machines[0]?.cloud;
  if (ids.length === 0 || cloud === undefined) return new Map();
  const question = [cloud.region, ...ids].join(' ');
  const before = answers.get(question);
  if (before && Date.now() - before.at < freshness) return before.known;
  const known = await ask(cloud, ids);
  answers.set(question, { at: Date.now(), known });
  return known;
}

/** They have been started or stopped: an answer of before is none. */
export const forgetInstances = (): void => answers.clear();

/** The API, as the caller's own settings reach it. The SDK is loaded when it is wanted. @throws AwsRefused */
export async function openApi(region: string | null): Promise<AwsApi> {
  const { AwsApi } = await import('../tools/aws/api.js');
  return AwsApi.open(region);
}

/** Whoever asks there is told that there are no such machines. */
export class OtherAccount extends UserError {}

/** Accounts that the credentials here have proved to be of. */
const ours = new Set<string>();

/** The API for machines that are there already. Another account would say of each of them that there is none.
 *  @throws AwsRefused; OtherAccount, where the credentials are of another one than the machines */
export async function openApiOf({ account, region }: CloudMachine): Promise<AwsApi> {
  const api = await openApi(region);
  if (account === undefined || ours.has(account)) return api;
  const own = await api.account();
  if (own !== account)
    throw new OtherAccount(
      `The machines of this deployment are in the AWS account ${account}, and your credentials are of ${own}.`,
      [
        'export AWS_PROFILE=…    # the one that it was deployed with',
        'aws sts get-caller-identity    # who you are to AWS',
      ],
    );
  ours.add(account);
  return api;
}

async function ask(cloud: CloudMachine, ids: readonly string[]): Promise<Map<string, InstanceFacts> | null> {
  try {
    const api = await openApiOf(cloud);
    return new Map((await api.instances(ids)).map((instance) => [instance.id, instance]));
  } catch (error) {
    if (error instanceof AwsRefused) return null;
    throw error;
  }
}
