import { readFileSync } from 'node:fs';
import type { Cloud } from './cloud.js';

interface Policy {
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

const read = (name: string): string[] => {
  const path = new URL(`../../../stacks/${name}`, import.meta.url);
  const { Statement } = JSON.parse(readFileSync(path, 'utf8')) as Policy;
  return Statement.flatMap(({ Action }) => Action);
};

/** Actions of the calls so far that stacks/policy.json does not allow.
 *  @param more other policies of stacks/ that a user has beside it */
export function beyondPolicy(cloud: Cloud, ...more: string[]): string[] {
  const allowed = new Set(['policy.json', ...more].flatMap(read));
  return cloud.actions.filter((action) => !allowed.has(action));
}

/** What a policy of stacks/ allows and no call has needed so far. */
export const unusedOf = (cloud: Cloud, policy: string): string[] =>
  read(policy).filter((action) => !cloud.actions.includes(action));
