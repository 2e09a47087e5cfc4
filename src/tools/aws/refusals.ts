import { UserError } from '../../errors.js';
import { pasteable } from '../../shell/word.js';
import { policyLines } from './policy.js';
import { asProfile, expired, keepInShell, signIn, signInAgain } from './sign-in.js';

/** AWS refused a call, or could not be reached. */
export class AwsRefused extends UserError {
  constructor(
    message: string,
    readonly code: string,
    suggestions: readonly string[],
    options?: ErrorOptions,
  ) {
    super(message, suggestions, options);
  }

  /** Whether AWS knows no such credentials in the region where it was asked. */
  get isOfCredentials(): boolean {
    return unknown.has(this.code);
  }
}

/** What the SDK says if no source had any credentials, and none says why. */
const noSource = 'Could not load credentials from any providers';

const unknown = new Set([
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]);
const notAllowed = new Set(['UnauthorizedOperation', 'AccessDenied', 'AccessDeniedException']);

/** Errors of connections, by Node's names. */
const unreached = new Set([
  'EPROXY',
  'TimeoutError',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ERR_INVALID_URL',
]);

/** The error for a failed call of the API.
 *
 * @param what the call, as the end of a sentence: `ask for the instance type p9.large`
 * @param error what the SDK threw
 * @param reason why the profile in use gives no credentials; null: unknown */
export function refusal(
  what: string,
  region: string,
  error: unknown,
  env: NodeJS.ProcessEnv,
  reason: string | null = null,
): AwsRefused {
  const {
    name = '',
    code = name,
    message = '',
  } = error as { name?: string; code?: string; message?: string };
  const refused = (text: string, suggestions: readonly string[]) =>
    new AwsRefused(text, name, suggestions, { cause: error });
  if (name === 'CredentialsProviderError') {
    if (/expired|sso/i.test(message))
      return refused(`Your AWS credentials have expired: ${message}`, signInAgain(env));
    const why = reason ?? (message.startsWith(noSource) ? '' : message);
    return refused(
      `There are no AWS credentials here${why === '' ? '' : `: ${why.replace(/\.$/, '')}`}.`,
      /multi-factor|mfa/i.test(why)
        ? [keepInShell('asks for the code'), asProfile(env, 'one that asks for no code')]
        : signIn,
    );
  }
  if (expired.has(name)) return refused('Your AWS credentials have expired.', signInAgain(env));
  if (unknown.has(name))
    return refused(`AWS rejects your credentials, perhaps only in the region ${region}: ${message}`, [
      'aws configure list    # which credentials are in use, and from where',
      ...signInAgain(env),
      `aws sts get-caller-identity    # if it succeeds, only ${region} rejects them: your account may have to enable it`,
    ]);
  if (notAllowed.has(name))
    return refused(`Your AWS user may not ${what}: ${message}`, policyLines('policy.json'));
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return refused(`AWS cannot be reached in the region ${region}: ${message}.`, [
      '"aws_region": "eu-central-1"    # in parameters.json, if there is no such region',
    ]);
  if (unreached.has(code)) return refused(`AWS cannot be reached: ${message}.`, otherWays(env));
  return refused(`AWS refused to ${what}: ${message || name}`, []);
}

/** Lines that show what leads to another address than AWS's own. */
function otherWays(env: NodeJS.ProcessEnv): string[] {
  const isSet = Object.keys(env).some((name) => env[name] && /^aws_endpoint|_proxy$/i.test(name));
  const file = env.AWS_CONFIG_FILE ? pasteable`grep -n endpoint_url ${env.AWS_CONFIG_FILE}` : inHome;
  return [
    ...(isSet ? ["env | grep -iE '^aws_endpoint|_proxy='    # other ways to AWS that this shell sets"] : []),
    `${file}    # those that a profile sets`,
  ];
}

const inHome = 'grep -n endpoint_url ~/.aws/config';
