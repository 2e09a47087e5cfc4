import type { DeployPlan } from '../operations/deploy/decide.js';

/** Why there is nothing to run, and what to do if something should. */
export function nothingToRun({ skip }: DeployPlan): string {
  const reasons = new Set(skip.map(({ why }) => why));
  if (reasons.has('succeeded already')) return 'Nothing to run. --force runs again what has succeeded.';
  if (reasons.has('failed in the live deployment'))
    return 'Nothing to run. --retry-failed runs again what has failed.';
  if (reasons.has('not failed')) return 'Nothing to run: none of them has failed.';
  return reasons.size > 0 ? 'Nothing to run: the live deployment has them all.' : 'Nothing to run.';
}

/** The flags that say which conditions run where, for a line that goes on with them. */
export const chosenWords = (flags: {
  readonly target?: string | undefined;
  readonly hosts?: string | undefined;
  readonly only?: readonly string[] | undefined;
  readonly first?: number | undefined;
}): string[] => [
  ...(flags.target === undefined ? [] : ['--target', flags.target]),
  ...(flags.hosts === undefined ? [] : ['--hosts', flags.hosts]),
  ...(flags.only ?? []).flatMap((id) => ['--only', id]),
  ...(flags.first === undefined ? [] : ['--first', String(flags.first)]),
];

export const lockIsHeld = 'Another logistician holds the lock of this deployment; waiting for it.';
