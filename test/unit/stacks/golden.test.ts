import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { synthesize } from '../../../stacks/synthesize.js';
import { plans } from '../../support/stack-plans.js';

const folder = fileURLToPath(new URL('../../golden/stacks/', import.meta.url));

describe('the stack, byte for byte', () => {
  it.each(Object.entries(plans))('of %s', (name, plan) => {
    const text = synthesize(plan);
    const path = `${folder}${name}.tf.json`;
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text, 'UPDATE_GOLDEN=1 accepts what it is now').toBe(readFileSync(path, 'utf8'));
  });

  it('has no golden file without a plan', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(plans)
        .map((name) => `${name}.tf.json`)
        .sort(),
    );
  });
});
