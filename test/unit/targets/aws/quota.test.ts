import { describe, expect, it } from 'vitest';
import { mostByQuota, type Quota, quotaLine } from '../../../../src/targets/aws/offer/quota.js';
import { quotaOf } from '../../../../src/tools/aws/quotas.js';

// Codes as `aws service-quotas list-service-quotas --service-code ec2` lists them.
describe('the quota of a type', () => {
  it.each([
    ['t3.small', 'L-1216C47A', 'L-34B43A08'],
    ['c7i.48xlarge', 'L-1216C47A', 'L-34B43A08'],
    ['im4gn.large', 'L-1216C47A', 'L-34B43A08'],
    ['m7i-flex.large', 'L-1216C47A', 'L-34B43A08'],
    ['g4dn.xlarge', 'L-DB2E81BA', 'L-3819A6DF'],
    ['gr6.4xlarge', 'L-DB2E81BA', 'L-3819A6DF'],
    ['p4d.24xlarge', 'L-417A185B', 'L-7212CCBC'],
    ['p5.48xlarge', 'L-417A185B', 'L-C4BD4855'],
    ['p6-b200.48xlarge', 'L-417A185B', undefined],
    ['inf2.xlarge', 'L-1945791B', 'L-B5D1601B'],
    ['trn1.2xlarge', 'L-2C3B7624', 'L-6B0D517C'],
    ['dl1.24xlarge', 'L-6E869C2A', 'L-85EED4F7'],
    ['x2gd.medium', 'L-7295265B', 'L-E3A00192'],
    ['u-6tb1.56xlarge', undefined, undefined],
    ['nonsense', undefined, undefined],
  ])('%s', (type, onDemand, spot) => {
    expect(quotaOf(type, false)?.code).toBe(onDemand);
    expect(quotaOf(type, true)?.code).toBe(spot);
  });

  it('has the name that the console shows', () => {
    expect(quotaOf('g5.xlarge', false)?.name).toBe('Running On-Demand G and VT instances');
    expect(quotaOf('p3.2xlarge', true)?.name).toBe('All P4, P3 and P2 Spot Instance Requests');
  });
});

describe('machines that a quota allows', () => {
  const quota = (limit: number, running: Quota['running'] = []): Quota => ({
    code: 'L-DB2E81BA',
    name: 'Running On-Demand G and VT instances',
    region: 'eu-west-1',
    type: 'g5.xlarge',
    each: 4,
    limit,
    running,
  });
  const machine = (deployment: string | null, cpus = 4) => ({
    cpus,
    tags: deployment === null ? {} : { 'logistician.deployment': deployment },
  });

  it('are as many as fit beside those of others', () => {
    expect(mostByQuota(quota(16), null)).toBe(4);
    expect(mostByQuota(quota(17, [machine(null, 8)]), null)).toBe(2);
    // Its own are among those that it may have.
    expect(mostByQuota(quota(16, [machine('d1'), machine('d2')]), 'd1')).toBe(3);
    expect(quotaLine(quota(16, [machine('d1'), machine('d2')]), 'd1')).toBe(
      'The quota "Running On-Demand G and VT instances" of eu-west-1 (16 vCPUs, 4 used by other machines) lets 3 of these machines run at a time.',
    );
  });

  it('are none where it is too small, which is refused with the request for a larger one', () => {
    const refused = (limit: number, running: Quota['running'] = []) => {
      try {
        return String(mostByQuota(quota(limit, running), null));
      } catch (error) {
        return error as Error & { suggestions: string[] };
      }
    };
    expect(refused(0)).toMatchObject({
      message:
        'The quota "Running On-Demand G and VT instances" of eu-west-1 is 0 vCPUs; one g5.xlarge has 4.',
      suggestions: [
        'aws --region eu-west-1 service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 4    # an administrator may have to',
        expect.stringContaining('"aws_instance_type"'),
      ],
    });
    expect(refused(8, [machine(null), machine('d1')])).toMatchObject({
      message:
        'The quota "Running On-Demand G and VT instances" of eu-west-1 is 8 vCPUs, of which 2 other machines of your account use 8; one g5.xlarge has 4.',
      suggestions: [
        expect.stringContaining('--desired-value 12'),
        expect.stringContaining('ec2 describe-instances'),
        expect.stringContaining('"aws_instance_type"'),
      ],
    });
  });
});
