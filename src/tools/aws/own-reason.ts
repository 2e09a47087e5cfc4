import { profileOf } from './identity.js';

/** Why the profile in use gives no credentials, in the words of the SDK or of its credential_process. The SDK's own
 * error only says that no source has any. null: no profile is set, or it is not the reason. */
export async function reasonOfProfile(env: NodeJS.ProcessEnv): Promise<string | null> {
  const profile = profileOf(env);
  if (!profile) return null;
  const { fromIni } = await import('@aws-sdk/credential-provider-ini');
  return fromIni({ profile })().then(
    () => null,
    (error: Error) => error.message.trim().replaceAll(/\s*\n\s*/g, ': '),
  );
}
