import { UserError } from '../../errors.js';
import type { Parameters } from '../../experiment/parameters.js';
import { cliFails } from '../../tools/aws/cli-fails.js';
import { cliVersion } from '../../tools/aws/lines.js';
import { verifyAws } from '../../tools/aws/program.js';
import { stateBucket } from '../../tools/aws/state-bucket.js';
import { verifyTerraform } from '../../tools/terraform/version.js';
import type { TargetContext } from '../context.js';
import type { Finding } from '../target.js';
import type { AwsAccount } from './account.js';

/** Checks what target aws needs: programs here, and the user's AWS identity. */
export async function examineAws(
  { executor, env }: Pick<TargetContext, 'executor' | 'env'>,
  access: AwsAccount,
  { aws }: Parameters,
): Promise<Finding[]> {
  const found = [
    await finding('Terraform', () => verifyTerraform(executor)),
    await finding('aws', async () => {
      verifyAws(env);
      const version = await executor.query(cliVersion());
      if (version.code !== 0) throw cliFails(version);
      // The first version of it writes this to the other stream.
      return (version.stdout || version.stderr).trim();
    }),
  ];
  let region = '';
  const account = await finding('AWS account', async () => {
    const api = await access.open(aws.region);
    const who = await api.identity();
    region = api.region;
    return `${who}, in ${region}`;
  });
  const bucket = aws.stateBucket;
  // Without an account the bucket cannot be checked.
  if (bucket === null || account.state === 'bad') return [...found, account];
  const state = await finding('state bucket', async () => {
    const { region: own } = await stateBucket(executor, region, bucket);
    return `${bucket}, in ${own}`;
  });
  return [...found, account, state];
}

async function finding(what: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { what, state: 'good', detail: await look(), mend: [] };
  } catch (error) {
    if (error instanceof UserError)
      return { what, state: 'bad', detail: error.message, mend: error.suggestions };
    throw error;
  }
}
