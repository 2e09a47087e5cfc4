import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2';
import { identityOf, profileOf } from './identity.js';
import { inTime } from './in-time.js';
import { AwsRefused } from './refusals.js';
import { agentsOf } from './tunnel.js';

// The SDK is bundled, so its warning about later Node versions does not concern our users.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** What all clients of the SDK are made with. */
export type ClientSettings = Required<
  Pick<EC2ClientConfig, 'region' | 'maxAttempts' | 'credentials' | 'requestHandler'>
>;

/** The same as for Terraform: AWS throttles for some seconds when many clients ask, such as the machines of a sweep. */
const maxAttempts = 6;

/** In milliseconds: the SDK has none of its own. */
const timeouts = { connectionTimeout: 15_000, requestTimeout: 60_000, throwOnRequestTimeout: true };

/** @throws BadAwsFile; UserError if the environment names two profiles */
export function clientSettings(region: string, env: NodeJS.ProcessEnv): ClientSettings {
  const requestHandler = { ...timeouts, ...agentsOf(env) };
  const settings = { region, maxAttempts, requestHandler, ...identityOf(env) };
  const { credentials } = new EC2Client(settings).config;
  return { ...settings, credentials: inTime(credentials) };
}

/** The region that the environment names, or the profile in use. @throws AwsRefused if there is none, or no such name */
export async function regionIn(env: NodeJS.ProcessEnv): Promise<string> {
  const profile = profileOf(env);
  // Of the two variables the SDK knows one; the CLI and Terraform also know the other.
  const found =
    env.AWS_REGION || env.AWS_DEFAULT_REGION || (await sharedRegion({ ...(profile && { profile }) }));
  if (found === null) throw new AwsRefused('No AWS region is set.', 'NoRegion', setRegion);
  if (!/^[a-z]{2}(-[a-z]+)+-\d+$/.test(found))
    throw new AwsRefused(`No AWS region has the name that is set: ${found}`, 'NoRegion', setRegion);
  return found;
}

const setRegion = ['"aws_region": "eu-central-1"    # in parameters.json', 'export AWS_REGION=eu-central-1'];

/** null: none. */
const sharedRegion = (of: { readonly profile?: string }): Promise<string | null> =>
  new EC2Client(of).config.region().catch((error: Error) => /region="(.*)"/.exec(error.message)?.[1] ?? null);
