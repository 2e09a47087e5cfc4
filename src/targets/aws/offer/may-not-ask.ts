import { AwsRefused } from '../../../tools/aws/refusals.js';

// Checks that only help are left out, and said to be, where a policy does not allow the questions.

/** The answer; null: these credentials may not ask. */
export async function unlessDenied<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AwsRefused && /^(UnauthorizedOperation|AccessDenied(Exception)?)$/.test(error.code))
      return null;
    throw error;
  }
}

/** @param action as in a policy */
export const mayNotAsk = (what: string, action: string): string =>
  `Not checked: ${what}. Your AWS user may not ask (${action}).`;
