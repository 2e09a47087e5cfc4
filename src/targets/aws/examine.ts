import { UserError } from '../../errors.js';
import type { Parameters } from '../../experiment/parameters.js';
import { count } from '../../phrases.js';
import type { AwsApi } from '../../tools/aws/api.js';
import { cliFails } from '../../tools/aws/cli-fails.js';
import { cliVersion } from '../../tools/aws/lines.js';
import { verifyAws } from '../../tools/aws/program.js';
import { stateBucket } from '../../tools/aws/state-bucket.js';
import { verifyTerraform } from '../../tools/terraform/version.js';
import type { TargetContext } from '../context.js';
import type { Finding } from '../target.js';
import type { AwsAccount } from './account.js';
import { credentialsLine } from './offer/credentials.js';
import { publicKeyOf } from './offer/kind.js';
import { surveyNetwork } from './offer/network.js';
import { surveyPermissions } from './offer/permissions.js';
import { quotaLine, surveyQuota } from './offer/quota.js';
import { surveyMachine } from './offer/survey.js';

type Context = Pick<TargetContext, 'executor' | 'env' | 'home'>;

/** Checks what target aws needs: programs here, the user's AWS identity, and all that `deploy` checks there before it
 * creates a machine. */
export async function examineAws(
  context: Context,
  access: AwsAccount,
  parameters: Parameters,
): Promise<Finding[]> {
  const { executor, env } = context;
  const programs = [
    await check('Terraform', () => verifyTerraform(executor), String),
    await check(
      'aws',
      async () => {
        verifyAws(env);
        const version = await executor.query(cliVersion());
        if (version.code !== 0) throw cliFails(version);
        // The first version of it writes this to the other stream.
        return (version.stdout || version.stderr).trim();
      },
      String,
    ),
  ];
  const account = await check(
    'AWS account',
    async () => {
      const api = await access.open(parameters.aws.region);
      return { api, who: await api.identity() };
    },
    ({ api, who }) => `${who}, in ${api.region}`,
  );
  const there = account.found ? await examineThere(context, account.found.api, parameters) : [];
  return [...programs, account, ...there].map(({ finding }) => finding);
}

/** Each check tells of its own problem, and is left out where it needs an answer that there is not. */
async function examineThere(
  { executor, home }: Context,
  api: AwsApi,
  { aws, gpus, maxHours, tags }: Parameters,
): Promise<Check<unknown>[]> {
  const bucket = aws.stateBucket;
  const isSpot = aws.spot;
  const [credentials, machine, network, state] = await Promise.all([
    check(
      'credentials',
      async () => credentialsLine(await api.credentials(), maxHours, new Date()),
      ({ isEnough, text }) => (isEnough ? text : { notes: [text] }),
    ),
    check(
      'machine',
      () => surveyMachine(api, aws, gpus),
      ({ type, ami }) => `${aws.instanceType} (${count(type.cpus, 'CPU')}), ${ami.id} (${ami.name})`,
    ),
    check(
      'network',
      () => surveyNetwork(api, aws),
      ({ subnet, notes }) => (notes.length > 0 ? { notes } : (subnet?.id ?? 'the default VPC')),
    ),
    bucket === null
      ? null
      : check(
          'state bucket',
          () => stateBucket(executor, api.region, bucket),
          ({ region }) => `${bucket}, in ${region}`,
        ),
  ]);
  const found: Check<unknown>[] = [credentials, machine, network, ...(state ? [state] : [])];
  if (machine.found === null) return found;
  const { type, ami } = machine.found;
  const quota = check(
    'quota',
    () => surveyQuota(api, { type: aws.instanceType, each: type.cpus, isSpot }),
    ({ quota, notes }) => (quota ? quotaLine(quota, null) : { notes }),
  );
  if (network.found === null) return [...found, await quota];
  const { subnet } = network.found;
  const permissions = check(
    'permissions',
    async () => {
      const trial = { type: aws.instanceType, ami: ami.id, isSpot, subnet, publicKey: publicKeyOf(home) };
      await surveyPermissions(api, trial, tags);
    },
    () => 'keys, firewall groups and machines may be created; other calls cannot be tried before',
  );
  return [...found, await quota, await permissions];
}

/** A finding, and what it is about; null: it could not be found. */
interface Check<T> {
  readonly finding: Finding;
  readonly found: T | null;
}

/** @param say the detail of a good finding, or what the user has to know */
async function check<T>(
  what: string,
  look: () => Promise<T>,
  say: (found: T) => string | { readonly notes: readonly string[] },
): Promise<Check<T>> {
  try {
    const found = await look();
    const said = say(found);
    const finding: Finding =
      typeof said === 'string'
        ? { what, state: 'good', detail: said, mend: [] }
        : { what, state: 'warning', detail: said.notes.join('\n'), mend: [] };
    return { found, finding };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: null, finding: { what, state: 'bad', detail: error.message, mend: error.suggestions } };
  }
}
