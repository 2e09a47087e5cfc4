import type { EC2Client } from '@aws-sdk/client-ec2';
import type { ClientSettings } from './client-settings.js';

/** What questions to AWS in one region need. */
export interface Asker {
  /** Settings that all clients of AWS's services share. */
  readonly settings: ClientSettings;
  readonly ec2: EC2Client;
  /** What a call returns. @param what the call, as the end of a sentence. @throws AwsRefused */
  asking<T>(what: string, ask: () => Promise<T>): Promise<T>;
}
