import { isDeepStrictEqual } from 'node:util';
import type { Survey, SurveyRequest, Target } from '../../targets/target.js';

/** A survey counts for so long, in milliseconds: machines change, and the answer to a question may take hours. */
const fresh = 30_000;

/** A survey, with what was asked and when. */
export interface Surveyed extends Survey {
  readonly asked: SurveyRequest;
  readonly at: Date;
}

/** Surveys the target, unless `before` has answered the same a moment ago. @throws what the target's `survey` throws */
export async function surveyed(
  target: Target,
  asked: SurveyRequest,
  now: () => Date,
  before?: Surveyed,
): Promise<Surveyed> {
  const at = now();
  const age = before ? at.getTime() - before.at.getTime() : Number.POSITIVE_INFINITY;
  if (before && age >= 0 && age < fresh && isDeepStrictEqual(asked, before.asked)) return before;
  return { ...(await target.survey(asked)), asked, at };
}
