import { UserError } from '../../errors.js';

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

const signIn = [
  'aws configure    # or: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
  'aws sso login    # if you use single sign-on; then export AWS_PROFILE=…',
];

/** For roles that ask for a code: the CLI asks for it, and the shell keeps what it got. */
const withCode = 'eval "$(aws configure export-credentials --format env)"    # asks for the code';

/** What the SDK says if no source had any credentials, and none says why. */
const noSource = 'Could not load credentials from any providers';

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);

/** The commands to sign in again, if an error text, such as Terraform's, is about expired credentials. */
export const signInAgain = (text: string): readonly string[] =>
  [...expired].some((code) => text.includes(code)) ? signIn : [];
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
    if (/expired|sso/i.test(message)) return refused(`Your AWS credentials have expired: ${message}`, signIn);
    const why = reason ?? (message.startsWith(noSource) ? '' : message);
    return refused(
      `There are no AWS credentials here${why === '' ? '' : `: ${why.replace(/\.$/, '')}`}.`,
      /multi-factor|mfa/i.test(why) ? [withCode, ...signIn] : signIn,
    );
  }
  if (expired.has(name)) return refused('Your AWS credentials have expired.', signIn);
  if (unknown.has(name))
    return refused(`AWS rejects your credentials, perhaps only in the region ${region}: ${message}`, [
      'aws sts get-caller-identity    # shows your identity',
      ...signIn,
    ]);
  if (notAllowed.has(name))
    return refused(`Your AWS user may not ${what}: ${message}`, [
      'aws sts get-caller-identity    # shows your identity; the policy that is needed is stacks/policy.json',
    ]);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return refused(`AWS cannot be reached in the region ${region}: ${message}.`, [
      '"aws_region": "eu-central-1"    # in parameters.json, if there is no such region',
    ]);
  if (unreached.has(code))
    return refused(`AWS cannot be reached: ${message}.`, [
      "env | grep -iE '^aws_endpoint|_proxy='    # other ways than the usual one, as `endpoint_url` in ~/.aws/config",
    ]);
  return refused(`AWS refused to ${what}: ${message || name}`, []);
}
