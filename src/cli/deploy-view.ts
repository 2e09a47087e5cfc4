import { type OwnLine, ownLine } from '../errors.js';
import type { DeployPlan } from '../operations/deploy/decide.js';
import { type ExperimentStatus, judged } from '../operations/look/rows.js';

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

/** What is next once all have ended. What was stopped has not failed: a deploy without a flag runs it again. */
export function linesAtEnd(status: ExperimentStatus, chosen: readonly string[]): OwnLine[] {
  const states = new Set(judged(status).map(({ record }) => record?.state));
  const failed = states.has('failed') || states.has('lost');
  const commit = status.deployment?.commit.slice(0, 10) ?? 'HEAD';
  return [
    ...(failed ? [ownLine('logs'), ownLine('deploy', ['--retry-failed', ...chosen])] : []),
    ...(states.has('stopped') ? [ownLine('deploy', ['--commit', commit, ...chosen])] : []),
    ownLine('status'),
    ...(status.deployment?.released ? [] : [ownLine('terminate')]),
  ];
}
