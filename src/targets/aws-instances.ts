import type { AwsApi, InstanceFacts } from '../tools/aws/api.js';
import { AwsRefused } from '../tools/aws/errors.js';
import type { RentedMachine } from './aws-plan.js';

/** How old an answer of the API may be, in milliseconds: whoever follows a sweep looks twice a second. */
const freshness = 5_000;

const answers = new Map<string, { readonly at: number; readonly known: Map<string, InstanceFacts> | null }>();

/** What AWS says of the instances of these machines, by id; null: it cannot be asked now, which says nothing of them.
 *  The answer may be some seconds old. */
export async function instancesOf(
  machines: readonly RentedMachine[],
): Promise<ReadonlyMap<string, InstanceFacts> | null> {
  const ids = machines.flatMap(({ cloud }) => cloud.instance ?? []).sort();
  const region = machines[0]?.cloud.region;
  if (ids.length === 0 || region === undefined) return new Map();
  const question = [region, ...ids].join(' ');
  const before = answers.get(question);
  if (before && Date.now() - before.at < freshness) return before.known;
  const known = await ask(region, ids);
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

async function ask(region: string, ids: readonly string[]): Promise<Map<string, InstanceFacts> | null> {
  try {
    const api = await openApi(region);
    return new Map((await api.instances(ids)).map((instance) => [instance.id, instance]));
  } catch (error) {
    if (error instanceof AwsRefused) return null;
    throw error;
  }
}
