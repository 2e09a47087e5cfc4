import type { CredentialsFacts } from '../../../tools/aws/facts.js';

/** What becomes of credentials while jobs run, as a sentence.
 * @param now and @param maxHours how long a job may take */
export function credentialsLine(
  { isTemporary, isRenewed, end }: CredentialsFacts,
  maxHours: number,
  now: Date,
): { readonly isEnough: boolean; readonly text: string } {
  if (!isTemporary) return { isEnough: true, text: 'they do not expire' };
  if (isRenewed) return { isEnough: true, text: 'temporary, and renewed as long as you are signed in' };
  const consequence =
    'Sign in again by then: without credentials no machine is terminated. Machines that are idle, or at their deadline, stop by themselves.';
  if (end === null)
    return {
      isEnough: false,
      text: `Your credentials are temporary, and it is not known when they expire; a job may take ${maxHours} h. ${consequence}`,
    };
  const hours = (end.getTime() - now.getTime()) / 3_600_000;
  if (hours >= maxHours) return { isEnough: true, text: `temporary, for ${hours.toFixed(1)} more hours` };
  return {
    isEnough: false,
    text: `Your credentials expire in ${hours.toFixed(1)} h, and a job may take ${maxHours} h. ${consequence}`,
  };
}
