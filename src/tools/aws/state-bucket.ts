import type { Executor } from '../../shell/executor.js';
import { ask } from './ask.js';
import { cliFails, lastLine } from './cli-fails.js';
import { headBucket } from './lines.js';
import { policyLines } from './policy.js';
import { AwsRefused } from './refusals.js';

/** A bucket for Terraform's state. */
export interface StateBucket {
  readonly bucket: string;
  /** The bucket's region, which may differ from that of the machines. */
  readonly region: string;
}

/** Checks that the bucket exists, and that we may use it. @param region to ask in. @throws AwsRefused */
export async function stateBucket(executor: Executor, region: string, bucket: string): Promise<StateBucket> {
  const outcome = await executor.query(headBucket(region, bucket));
  const { code, stdout, stderr } = outcome;
  if (code === 0) {
    // An older `aws` does not return its region.
    const own = /"BucketRegion": "([^"]+)"/.exec(stdout)?.[1];
    return { bucket, region: own ?? (await publicRegion(bucket, region)) ?? region };
  }
  const [, answer = ''] = /\((\w+)\) when calling/.exec(stderr) ?? [];
  const without =
    '"aws_state_bucket": …    # in parameters.json: another one, or remove the key to keep the state in a file here';
  if (answer === '404' || answer === 'NoSuchBucket')
    throw new AwsRefused(`The S3 bucket of "aws_state_bucket" does not exist: ${bucket}.`, answer, [
      `aws --region ${region} s3 mb s3://${bucket}`,
      without,
    ]);
  if (answer === '403' || answer === 'AccessDenied')
    throw new AwsRefused(
      `Your AWS user may not use the S3 bucket ${bucket}, or it belongs to another account.`,
      answer,
      [...policyLines('policy-s3-state.json'), without],
    );
  if (answer === '') throw cliFails(outcome);
  throw new AwsRefused(`AWS refused to check the S3 bucket ${bucket}: ${lastLine(stderr)}`, answer, [
    without,
  ]);
}

/** The S3 that knows the buckets of a region's partition: China and GovCloud know none of the others'. */
export const s3At = (region: string): string => {
  if (region.startsWith('cn-')) return `s3.${region}.amazonaws.com.cn`;
  return region.startsWith('us-gov-') ? `s3.${region}.amazonaws.com` : 's3.amazonaws.com';
};

/** The region of a bucket is public. @param region any one of its partition */
async function publicRegion(bucket: string, region: string): Promise<string | null> {
  try {
    const { headers } = await ask('HEAD', `https://${s3At(region)}/${bucket}`, process.env);
    const found = headers['x-amz-bucket-region'];
    return typeof found === 'string' ? found : null;
  } catch {
    return null;
  }
}
