import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { AwsAccount } from '../../../../src/targets/aws/account.js';
import { findLeaks } from '../../../../src/targets/aws/cleanup/leaks.js';
import { AwsRefused } from '../../../../src/tools/aws/refusals.js';
import { s3At } from '../../../../src/tools/aws/state-bucket.js';

describe('D17: China and GovCloud', () => {
  /** Credentials of a partition whose regions begin so. @param set the region of the environment */
  function accountOf(beginning: string, set: string | null, asked: string[]): AwsAccount {
    const open = async (region: string | null) => {
      const name = region ?? set;
      if (name === null) throw new AwsRefused('No AWS region is set.', 'NoRegion', []);
      return {
        region: name,
        regions: async () => {
          asked.push(name);
          if (name.startsWith(beginning)) return [name];
          throw new AwsRefused(`not in ${name}`, 'AuthFailure', []);
        },
        tagged: async () => [],
        keyPairs: async () => [{ id: name, tags: {} }],
        securityGroups: async () => [],
      };
    };
    return { open } as unknown as AwsAccount;
  }

  it.each([
    ['us-east', null, ['us-east-1']],
    ['us-gov', null, ['us-east-1', 'us-gov-west-1']],
    ['cn-', null, ['us-east-1', 'us-gov-west-1', 'cn-north-1']],
    ['cn-', 'cn-northwest-1', ['cn-northwest-1']],
  ])(
    'leaks in all regions, with credentials for %s… and the region %s, are looked for after asking %j',
    async (beginning, set, expected) => {
      const asked: string[] = [];
      const found = await findLeaks(accountOf(beginning, set, asked), tmpdir(), 'all');
      expect(asked).toEqual(expected);
      expect(found.map(({ id }) => id)).toEqual([expected.at(-1)]);
    },
  );

  it('credentials that no partition knows are told of as in the first one', async () => {
    await expect(findLeaks(accountOf('none', null, []), tmpdir(), 'all')).rejects.toThrow('not in us-east-1');
  });

  it.each([
    ['eu-central-1', 's3.amazonaws.com'],
    ['us-gov-west-1', 's3.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 's3.cn-north-1.amazonaws.com.cn'],
  ])('the region of a bucket is asked for, from %s, at %s', (region, host) => {
    expect(s3At(region)).toBe(host);
  });
});
