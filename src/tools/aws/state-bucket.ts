import type { Executor } from '../../shell/executor.js';
import { headBucket } from './lines.js';
import { AwsRefused } from './refusals.js';

/** A bucket that Terraform's state may be kept in. */
export interface StateBucket {
  readonly bucket: string;
  /** The bucket's, which need not be that of the machines. */
  readonly region: string;
}

/** Looks whether there is such a bucket, and whether we may use it.
 *  @param region to ask in. @throws AwsRefused */
export async function stateBucket(executor: Executor, region: string, bucket: string): Promise<StateBucket> {
  const { code, stdout, stderr } = await executor.query(headBucket(region, bucket));
  if (code === 0) {
    // An older `aws` does not say where it is.
    const own = /"BucketRegion": "([^"]+)"/.exec(stdout)?.[1];
    return { bucket, region: own ?? (await publicRegion(bucket)) ?? region };
  }
  const [, answer = ''] = /\((\w+)\) when calling/.exec(stderr) ?? [];
  const without = '"aws_state_bucket": …    # in parameters.json: another one, or none, for a file here';
  if (answer === '404' || answer === 'NoSuchBucket')
    throw new AwsRefused(`There is no S3 bucket ${bucket}, where "aws_state_bucket" says.`, answer, [
      `aws --region ${region} s3 mb s3://${bucket}`,
      without,
    ]);
  if (answer === '403' || answer === 'AccessDenied')
    throw new AwsRefused(
      `Your AWS user may not use the S3 bucket ${bucket}, or it is somebody else's.`,
      answer,
      [
        'aws sts get-caller-identity    # who you are to AWS; the policy that is needed is stacks/policy-s3-state.json',
        without,
      ],
    );
  throw new AwsRefused(`AWS did not let us ask for the S3 bucket ${bucket}: ${stderr.trim()}`, answer, [
    without,
  ]);
}

/** AWS tells everybody where a bucket is. */
async function publicRegion(bucket: string): Promise<string | null> {
  try {
    const url = `https://s3.amazonaws.com/${bucket}`;
    const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
    return answer.headers.get('x-amz-bucket-region');
  } catch {
    return null;
  }
}
