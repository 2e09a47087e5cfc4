import { existsSync } from 'node:fs';
import { UserError } from '../errors.js';
import { verifyAws } from '../tools/aws/program.js';
import { verifyTerraform } from '../tools/terraform/terraform.js';
import { publicKeyIn } from './aws-ground.js';
import { openApi } from './aws-instances.js';
import { type Kind, surveyAws } from './aws-survey.js';
import type { Surroundings } from './surroundings.js';
import type { Wish } from './target.js';

/** What AWS has, and for how long in milliseconds that holds: a plan is made again once it is confirmed. */
const kinds = new Map<string, { readonly at: number; readonly kind: Kind }>();
const freshness = 30_000;

/** The kind of machine that is wished for, once all is here that makes one.
 *  @throws NotAtAws, AwsRefused, TerraformFailed, UserError */
export async function kindOf(world: Surroundings, wish: Wish): Promise<Kind> {
  const { aws, maxHours, idleMinutes } = world;
  const question = JSON.stringify([aws, maxHours, idleMinutes, wish.gpus]);
  const before = kinds.get(question);
  if (before && Date.now() - before.at < freshness) return before.kind;
  const asked = openApi(aws.region).then((api) => surveyAws(api, world, wish));
  // Beside each other; of two problems it is always the same that is told.
  const [verified, surveyed] = await Promise.allSettled([verifyPrograms(world), asked]);
  if (verified.status === 'rejected') throw verified.reason;
  if (surveyed.status === 'rejected') throw surveyed.reason;
  const kind = surveyed.value;
  kinds.set(question, { at: Date.now(), kind });
  return kind;
}

/** All that changes anything at AWS. */
async function verifyPrograms({ executor, env, home }: Surroundings): Promise<void> {
  await verifyTerraform(executor);
  verifyAws(env.PATH);
  if (!existsSync(publicKeyIn(home)))
    throw new UserError('There is no SSH key yet with which to reach machines at AWS.', [
      'logistician setup',
    ]);
}
