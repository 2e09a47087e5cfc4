import { fromIni } from '@aws-sdk/credential-provider-ini';
import { profileOf } from './identity.js';

/** Of a text that is longer only the beginning and the end are shown: a credential_process may print a megabyte. */
const shown = 300;

/** Why the profile in use gives no credentials, in the words of the SDK or of its credential_process. The SDK's own
 * error only says that no source has any. null: there is no profile, or it is not the reason. */
export async function reasonOfProfile(env: NodeJS.ProcessEnv): Promise<string | null> {
  const named = profileOf(env);
  const why = await fromIni({ profile: named ?? 'default' })().then(
    () => null,
    (error: Error) =>
      withoutItsLine(error.message)
        .trim()
        .replaceAll(/\s*\n\s*/g, ': '),
  );
  // Without any profile the reason is that there is none.
  if (why === null || (named === null && why.startsWith('Could not resolve credentials using'))) return null;
  return why.length <= 2 * shown ? why : `${why.slice(0, shown)} … ${why.slice(-shown)}`;
}

/** A line of credential_process may have a password in it. */
const withoutItsLine = (message: string): string =>
  message.replace(/^Command failed: .*/, 'credential_process failed');
