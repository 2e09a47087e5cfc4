import { tagKeys } from '../../../../stacks/stack-plan.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import type { Trial } from '../../../tools/aws/dry-run.js';
import { type DryRun, noDryRun } from '../../../tools/aws/facts.js';
import { policyLines } from '../../../tools/aws/policy.js';
import { isFinal } from '../stack/progress.js';
import { NotAtAws } from './not-at-aws.js';

/** Tries the calls that create machines by AWS's dry runs. @throws NotAtAws if AWS would refuse one for good */
export async function surveyPermissions(
  api: AwsApi,
  trial: Omit<Trial, 'tags'>,
  tags: Trial['tags'],
): Promise<void> {
  const named = {
    ...tags,
    [tagKeys.experiment]: 'permission-check',
    [tagKeys.deployment]: 'permission-check',
  };
  refuseDenied(await api.dryRuns({ ...trial, tags: named }), api.region);
}

/** Pure. Refusals that may pass are left to the call itself. @throws NotAtAws */
export function refuseDenied(answers: readonly DryRun[], region: string): void {
  const denied = answers.flatMap(({ action, refusal }) =>
    refusal && (refusal.code === noDryRun || isFinal(`${refusal.code}: `)) ? [{ action, ...refusal }] : [],
  );
  if (denied.length === 0) return;
  const isAllowance = denied.some(({ code }) => code === 'UnauthorizedOperation');
  throw new NotAtAws(
    [
      `AWS would refuse to create machines in ${region}:`,
      ...denied.map(({ action, code, message }) => `  ${action}: ${code}: ${withoutSecretPart(message)}`),
    ].join('\n'),
    isAllowance ? policyLines('policy.json') : [],
  );
}

/** Some hundred characters that only an administrator can decode. */
const withoutSecretPart = (message: string): string =>
  message.replace(/\s*Encoded authorization failure message:.*$/s, '').trim();
