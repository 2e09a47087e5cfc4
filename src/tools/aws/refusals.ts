import { UserError } from '../../errors.js';

/** AWS, or the way to it, refused something. */
export class AwsRefused extends UserError {
  constructor(
    message: string,
    readonly code: string,
    suggestions: readonly string[],
    options?: ErrorOptions,
  ) {
    super(message, suggestions, options);
  }
}

const signIn = [
  'aws configure    # or: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
  'aws sso login    # where you sign in that way; then export AWS_PROFILE=…',
];

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']);

/** How to sign in again, where a text of somebody else's, such as Terraform's, says that this is what is wanted. */
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

/**
 * What a failed call of the API means to a person.
 *
 * @param what was tried, as the end of a sentence: `ask for the instance type p9.large`
 * @param error what the SDK threw
 */
export function refusal(what: string, region: string, error: unknown): AwsRefused {
  const {
    name = '',
    code = name,
    message = '',
  } = error as { name?: string; code?: string; message?: string };
  const refused = (text: string, suggestions: readonly string[]) =>
    new AwsRefused(text, name, suggestions, { cause: error });
  if (name === 'CredentialsProviderError')
    return /expired|sso/i.test(message)
      ? refused(`Your AWS credentials have expired: ${message}`, signIn)
      : refused('There are no AWS credentials here.', signIn);
  if (expired.has(name)) return refused('Your AWS credentials have expired.', signIn);
  if (unknown.has(name))
    return refused(`AWS does not accept your credentials, or not in the region ${region}: ${message}`, [
      'aws sts get-caller-identity    # who you are to AWS',
      ...signIn,
    ]);
  if (notAllowed.has(name))
    return refused(`Your AWS user may not ${what}: ${message}`, [
      'aws sts get-caller-identity    # who you are to AWS; the policy that is needed is stacks/policy.json',
    ]);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return refused(`AWS cannot be reached in the region ${region}: ${message}.`, [
      '"aws_region": "eu-central-1"    # in parameters.json, if there is no such region',
    ]);
  return refused(`AWS did not let us ${what}: ${message || name}`, []);
}
