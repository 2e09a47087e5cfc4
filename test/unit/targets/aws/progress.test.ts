import { describe, expect, it } from 'vitest';
import { failures, isFinal, otherFailures } from '../../../../src/targets/aws/stack/progress.js';
import { nothingYet, progressAfter } from '../../../../src/tools/terraform/progress.js';

describe('what went wrong', () => {
  const failed = (address: string, detail: string) => [
    { kind: 'failed', address, action: 'create' } as const,
    { kind: 'diagnostic', severity: 'error', summary: 'creating', detail, address } as const,
  ];

  it('is told apart: AWS had nothing to give, one machine failed, all have', () => {
    const progress = progressAfter(nothingYet, [
      ...failed(
        'aws_instance.a-0123456789',
        'StatusCode: 500, api error InsufficientInstanceCapacity: none left',
      ),
      ...failed('aws_instance.b-0123456789', 'api error InternalError: again'),
      ...failed(
        'aws_instance.c-0123456789',
        "api error UnsupportedOperation: Modifying 'x' is Unsupported, as is InsufficientInstanceCapacity",
      ),
      ...failed('aws_security_group.group', 'api error UnauthorizedOperation: no'),
    ]);
    expect(Object.fromEntries(failures(progress))).toEqual({
      'a-0123456789': {
        text: 'InsufficientInstanceCapacity: none left',
        refused: true,
        isQuota: false,
        isFinal: false,
      },
      'b-0123456789': { text: 'InternalError: again', refused: false, isQuota: false, isFinal: false },
      // B1: it may run, in spite of the words in the message.
      'c-0123456789': {
        text: "UnsupportedOperation: Modifying 'x' is Unsupported, as is InsufficientInstanceCapacity",
        refused: false,
        isQuota: false,
        isFinal: true,
      },
    });
    expect(otherFailures(progress)).toEqual(['aws_security_group.group: UnauthorizedOperation: no']);
  });

  it.each([
    'UnauthorizedOperation: You are not authorized to perform this operation.',
    'aws_vpc_security_group_ingress_rule.ssh: UnauthorizedOperation: no',
    'aws_security_group.group: VPCIdNotSpecified: No default VPC for this user.',
    'InvalidParameterCombination: The specified instance type is not eligible for Free Tier.',
    'OptInRequired: You are not subscribed to this service.',
  ])('B3: is final: %s', (text) => {
    expect(isFinal(text)).toBe(true);
  });

  it.each([
    'RequestLimitExceeded: Request limit exceeded.',
    'InternalError: An internal error has occurred',
    'InsufficientInstanceCapacity: none left',
    'it said UnauthorizedOperation: once',
    "InvalidKeyPair.NotFound: The key pair 'logistician-1' does not exist",
    'Terraform gives no reason',
  ])('B3: may pass: %s', (text) => {
    expect(isFinal(text)).toBe(false);
  });
});
