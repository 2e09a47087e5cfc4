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

/** Actions of the calls so far that stacks/policy.json does not allow. */
export function beyondPolicy(cloud: Cloud): string[] {
  const allowed = new Set(read('policy.json'));
  return cloud.actions.filter((action) => !allowed.has(action));
}

/** What the policy allows. */
export const allowedActions = (): string[] => read('policy.json');
