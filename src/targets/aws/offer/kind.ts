import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../../../errors.js';
import type { Parameters } from '../../../experiment/parameters.js';
import { verifyAws } from '../../../tools/aws/program.js';
import { verifyTerraform } from '../../../tools/terraform/version.js';
import type { TargetContext } from '../../context.js';
import type { AwsAccount } from '../account.js';
import { publicKeyIn } from '../stack/shared-settings.js';
import { type Kind, surveyAws } from './survey.js';

/** The kind of machine that parameters.json asks for, after checking that all programs that create one are here.
 * @throws NotAtAws, AwsRefused, TerraformFailed, UserError */
export function kindOf(context: TargetContext, account: AwsAccount, parameters: Parameters): Promise<Kind> {
  const { aws, maxHours, idleMinutes, gpus, tags } = parameters;
  const question = JSON.stringify([aws, maxHours, idleMinutes, gpus, tags]);
  return account.kinds.of(question, async () => {
    const asked = account
      .open(aws.region)
      .then((api) => surveyAws(api, context.executor, parameters, publicKeyOf(context.home)));
    // In parallel; of two problems always the same one is reported.
    const [verified, surveyed] = await Promise.allSettled([verifyPrograms(context), asked]);
    if (verified.status === 'rejected') throw verified.reason;
    if (surveyed.status === 'rejected') throw surveyed.reason;
    return surveyed.value;
  });
}

/** Checks everything that is needed to change something at AWS. */
async function verifyPrograms({ executor, env, home }: TargetContext): Promise<void> {
  await verifyTerraform(executor);
  verifyAws(env);
  publicKeyOf(home);
}

/** The public half of the key for machines. @throws UserError if `setup` has not created it */
export function publicKeyOf(home: string): string {
  const path = publicKeyIn(home);
  if (!existsSync(path))
    throw new UserError('There is no SSH key for machines at AWS yet.', ['logistician setup']);
  return readFileSync(path, 'utf8').trim();
}
