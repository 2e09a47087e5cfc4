import { UserError } from '../../errors.js';

/** The SDK's settings of whose credentials it takes; none: those that it finds by itself. */
export interface Identity {
  readonly profile?: string;
  readonly credentials?: () => Promise<{
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken?: string;
  }>;
}

/** Lets the SDK take the credentials that the AWS CLI and Terraform take from the same environment: keys in it come
 * before a profile, and a profile is named by either of two variables. The SDK on its own prefers a profile to keys, and
 * knows one of the variables. @throws UserError if the two variables name two profiles */
export function identityOf(env: NodeJS.ProcessEnv): Identity {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) {
    const sessionToken = env.AWS_SESSION_TOKEN;
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
    return { credentials: async () => credentials };
  }
  const profile = profileOf(env);
  return profile === null ? {} : { profile };
}

/** The profile that the environment names; null: none. @throws UserError if it names two */
export function profileOf({ AWS_PROFILE, AWS_DEFAULT_PROFILE }: NodeJS.ProcessEnv): string | null {
  // Of two profiles the first version of the CLI takes another one than the second version does.
  if (AWS_PROFILE && AWS_DEFAULT_PROFILE && AWS_PROFILE !== AWS_DEFAULT_PROFILE)
    throw new UserError(
      `AWS_PROFILE is ${AWS_PROFILE} and AWS_DEFAULT_PROFILE is ${AWS_DEFAULT_PROFILE}: programs do not agree on which one counts.`,
      ['unset AWS_DEFAULT_PROFILE    # or AWS_PROFILE'],
    );
  return AWS_PROFILE || AWS_DEFAULT_PROFILE || null;
}
