import { describe, expect, it } from 'vitest';
import type { Parameters } from '../../../src/experiment/parameters.js';
import { logEnd } from '../../../src/operations/look/metrics.js';

const asking = (metrics: Record<string, string>) => ({ parameters: { metrics } as unknown as Parameters });

describe('the end of a log in which "metrics" are looked for', () => {
  it.each([
    [0, 32_768],
    [1, 32_768],
    [64, 32_768],
    [128, 16_384],
    [1_000, 2_097],
    [10_000, 2_048],
  ])('with %i jobs has %i bytes', (jobs, bytes) => {
    expect(logEnd(asking({ loss: 'loss=(.)' }), jobs)).toBe(bytes);
  });

  it('is not asked for without "metrics"', () => {
    expect(logEnd(asking({}), 10)).toBe(0);
    expect(logEnd({ parameters: null }, 10)).toBe(0);
  });
});
