import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { Asker } from './asker.js';
import { AwsRefused } from './refusals.js';

/** The value of a quota of EC2 in the account and the region; null: AWS knows none of this code there.
 * @param code such as `L-1216C47A`. @throws AwsRefused */
export async function quotaValue(api: Asker, code: string): Promise<number | null> {
  const client = new ServiceQuotasClient(api.settings);
  const question = { ServiceCode: 'ec2', QuotaCode: code };
  const ask = async (command: GetServiceQuotaCommand | GetAWSDefaultServiceQuotaCommand) => {
    try {
      const { Quota } = await api.asking(`read the quota ${code}`, () =>
        client.send(command as GetServiceQuotaCommand),
      );
      return Quota?.Value ?? null;
    } catch (error) {
      if (error instanceof AwsRefused && error.code === 'NoSuchResourceException') return null;
      throw error;
    }
  };
  // AWS may have no value that was set for the account: then its default counts.
  return (
    (await ask(new GetServiceQuotaCommand(question))) ??
    (await ask(new GetAWSDefaultServiceQuotaCommand(question)))
  );
}
