import { expect, it } from 'vitest';
import { inTime } from '../../../src/tools/aws/in-time.js';

it('credentials that do not come are given up', async () => {
  const never = () => new Promise<string>(() => {});
  await expect(inTime(never, 20)()).rejects.toThrow('No AWS credentials came within 0.02 s');
  expect(await inTime(async (word: string) => word, 1000)('given')).toBe('given');
});
