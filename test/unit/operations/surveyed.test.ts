import { describe, expect, it } from 'vitest';
import { surveyed } from '../../../src/operations/deploy/surveyed.js';
import type { Survey, SurveyRequest, Target } from '../../../src/targets/target.js';

describe('a survey of machines', () => {
  const asked = {
    slots: null,
    conditions: ['lr-1'],
    joins: null,
    undelivered: [],
  } as unknown as SurveyRequest;
  const at = (seconds: number) => () => new Date(1_800_000_000_000 + seconds * 1000);

  /** Asks at 0 s, and again for `then` so many seconds later. @returns how often the machines were asked */
  async function surveys(later: number, then: SurveyRequest): Promise<number> {
    let count = 0;
    const target = {
      survey: async (): Promise<Survey> => {
        count++;
        return { offers: [], problems: [], docker: `docker of look ${count}` };
      },
    } as unknown as Target;
    const first = await surveyed(target, asked, at(0));
    const again = await surveyed(target, then, at(later), first);
    expect(again.docker).toBe(`docker of look ${count}`);
    return count;
  }

  it('counts for a moment', async () => {
    expect(await surveys(29, { ...asked, conditions: ['lr-1'] })).toBe(1);
  });

  it.each([
    ['it is older', 30, asked],
    ['the clock was set back', -1, asked],
    ['there are other jobs now', 1, { ...asked, conditions: ['lr-1', 'lr-2'] }],
    [
      'a deployment was made meanwhile',
      1,
      { ...asked, joins: { id: 'a' } as unknown as SurveyRequest['joins'] },
    ],
  ])('is made again if %s', async (_, later, then) => {
    expect(await surveys(later, then)).toBe(2);
  });
});
