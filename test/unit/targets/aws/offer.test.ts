import { describe, expect, it } from 'vitest';
import { lineOf } from '../../../../src/targets/aws/offer/survey.js';
import { own } from './machines.js';

describe('the line of the plan', () => {
  const type = { cpus: 2, memory: 2 * 2 ** 30, gpus: 0 };

  it('says what is rented, and when it stops', () => {
    expect(lineOf(own, type)).toBe(
      't3.small (2 CPUs, 2.0 GiB), on demand, in eu-central-1, ami-1; each stops, its disk kept, after 10 idle minutes, or 1.0 h after it got its job',
    );
  });

  it('says what a spot machine may cost, and that it ends', () => {
    const spot = { ...own, spot: { max_price: '0.02' }, idle_minutes: null };
    expect(lineOf(spot, { ...type, cpus: 1, gpus: 1 })).toBe(
      't3.small (1 CPU, 2.0 GiB, 1 GPU), spot at up to $0.02 an hour, lost with all uncollected results if AWS reclaims it, in eu-central-1, ami-1; each is terminated 1.0 h after it got its job, with results that are not collected by then',
    );
  });
});
