import type { Outcome } from '../../shell/process.js';
import { AwsRefused } from './refusals.js';

/** The AWS CLI cannot do anything here. */
export const cliFails = ({ kind, stderr }: Outcome): AwsRefused =>
  new AwsRefused(
    `The AWS CLI (\`aws\`) does not work here: ${kind === 'timeout' ? 'it does not answer' : lastLine(stderr)}`,
    'CliFails',
    ['aws sts get-caller-identity    # shows all that it says'],
  );

/** Its own last words: before them it may print a trace of Python's. */
export const lastLine = (stderr: string): string =>
  stderr.trim().split('\n').at(-1)?.trim() || 'it gives no reason';
