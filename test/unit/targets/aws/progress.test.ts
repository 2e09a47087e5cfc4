import { describe, expect, it } from 'vitest';
import { failures, otherFailures } from '../../../../src/targets/aws/stack/progress.js';
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
      ...failed('aws_security_group.group', 'api error UnauthorizedOperation: no'),
    ]);
    expect(Object.fromEntries(failures(progress))).toEqual({
      'a-0123456789': { text: 'InsufficientInstanceCapacity: none left', refused: true },
      'b-0123456789': { text: 'InternalError: again', refused: false },
    });
    expect(otherFailures(progress)).toEqual(['aws_security_group.group: UnauthorizedOperation: no']);
  });
});
