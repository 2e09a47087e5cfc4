import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Deployment } from '../../runs/deployment.js';
import type { RunSummary } from '../../runs/index-file.js';
import { type CameFrom, hasEnded } from '../../runs/record.js';

export class NoConditions extends UserError {
  constructor(parametersPath: string) {
    super(`${parametersPath} has no conditions, so there is nothing to deploy.`, [
      `"experiment_conditions": ["--lr 0.1", "--lr 0.01"]    # in ${parametersPath}`,
      '"experiment_grid": { "lr": [0.1, 0.01], "seed": [1, 2, 3] }    # or all combinations',
    ]);
  }
}

export class LiveAtAnotherCommit extends UserError {
  constructor(live: Deployment, commit: string) {
    super(
      `The deployment of ${live.commit.slice(0, 10)}${live.message ? ` (${JSON.stringify(live.message)})` : ''} still runs, and ${commit.slice(0, 10)} has other code, or another target. An experiment has one deployment at a time.`,
      [
        ownLine('deploy', ['--commit', live.commit.slice(0, 10), '--wait'], 'continue the live one'),
        ownLine('terminate', [], 'end it; then deploy again'),
      ],
    );
  }
}

export class NothingToRetry extends UserError {
  constructor({ failed }: Retry) {
    super(
      `There is no deployment here whose ${failed ? 'failed' : 'stopped'} conditions could be run again.`,
      [ownLine('deploy')],
    );
  }
}

/** A retry runs only these conditions of the deployment; both false: not a retry. */
export interface Retry {
  /** Failed and lost ones. */
  readonly failed: boolean;
  /** Stopped ones. */
  readonly stopped: boolean;
}

export const isRetry = ({ failed, stopped }: Retry): boolean => failed || stopped;

/** Why a condition does not run. */
export type Skip =
  | 'succeeded already'
  | 'in the live deployment'
  | 'failed in the live deployment'
  | 'stopped'
  | 'not failed'
  | 'not stopped'
  | 'neither failed nor stopped';

export interface Planned {
  readonly run: readonly Condition[];
  readonly skip: readonly { readonly condition: Condition; readonly why: Skip }[];
}

export interface Facts {
  readonly conditions: readonly Condition[];
  /** The fingerprint of a run of the condition, and those that earlier versions gave to the same run. */
  readonly fingerprints: (condition: Condition) => readonly string[];
  /** The runs of this experiment, oldest first. */
  readonly runs: readonly RunSummary[];
  /** Run ids of the deployment that gets the jobs. */
  readonly deployed: ReadonlySet<string>;
  /** Whether that deployment is live. */
  readonly live: boolean;
  /** Runs that `stop` ended, of this deployment or of earlier ones with the same code. */
  readonly stopped: ReadonlySet<string>;
  /** Conditions that the user named one by one: they run even if they were stopped. */
  readonly named: ReadonlySet<string>;
  readonly force: boolean;
  readonly retry: Retry;
}

/** Which conditions run, and why the others do not. */
export function planDeployment(facts: Facts): Planned {
  const runs = new Map<string, RunSummary[]>();
  for (const run of facts.runs) {
    const same = runs.get(run.condition);
    if (same) same.push(run);
    else runs.set(run.condition, [run]);
  }
  const run: Condition[] = [];
  const skip: { condition: Condition; why: Skip }[] = [];
  for (const condition of facts.conditions) {
    const why = reasonToSkip(condition, runs.get(condition.id) ?? [], facts);
    if (why) skip.push({ condition, why });
    else run.push(condition);
  }
  return { run, skip };
}

/** The runs that these conditions retry: the newest deployed one of each, by condition.
 * @param runs of the experiment, oldest first */
export function retriedBy(
  conditions: readonly Condition[],
  runs: readonly RunSummary[],
): ReadonlyMap<string, CameFrom> {
  const newest = new Map(runs.filter(({ live }) => !live).map((run) => [run.condition, run.id]));
  return new Map(
    conditions.flatMap(({ id }): [string, CameFrom][] => {
      const run = newest.get(id);
      return run === undefined ? [] : [[id, { kind: 'retry', run }]];
    }),
  );
}

/** The plan without conditions whose earlier success is still good. @param good ids of conditions */
export const withoutGood = ({ run, skip }: Planned, good: ReadonlySet<string>): Planned => ({
  run: run.filter(({ id }) => !good.has(id)),
  skip: [
    ...skip,
    ...run
      .filter(({ id }) => good.has(id))
      .map((condition) => ({ condition, why: 'succeeded already' as const })),
  ],
});

/** @param runs the condition's, oldest first. */
function reasonToSkip(condition: Condition, runs: readonly RunSummary[], facts: Facts): Skip | null {
  const deployed = runs.filter(({ id }) => facts.deployed.has(id)).at(-1);
  const failed = deployed?.state === 'failed' || deployed?.state === 'lost';
  const stopped = wasStopped(runs, facts);
  if (isRetry(facts.retry))
    return (facts.retry.failed && failed) || (facts.retry.stopped && stopped)
      ? null
      : notRetried(facts.retry);
  if (deployed && !hasEnded(deployed)) return 'in the live deployment';
  if (facts.force) return null;
  if (facts.live && failed) return 'failed in the live deployment';
  if (succeeded(condition, runs, facts)) return 'succeeded already';
  return stopped && !facts.named.has(condition.id) ? 'stopped' : null;
}

function succeeded(condition: Condition, runs: readonly RunSummary[], facts: Facts): boolean {
  const successes = runs.filter(({ state, live }) => state === 'succeeded' && !live);
  if (successes.length === 0) return false;
  const wanted = facts.fingerprints(condition);
  return successes.some(({ fingerprint }) => wanted.includes(fingerprint));
}

/** Whether the condition's last deployed run was stopped, in this deployment or by `stop`. Runs that `terminate` ended
 * run again in the next deployment. */
function wasStopped(runs: readonly RunSummary[], { deployed, stopped }: Facts): boolean {
  const last = runs.filter(({ live }) => !live).at(-1);
  return last?.state === 'stopped' && (deployed.has(last.id) || stopped.has(last.id));
}

function notRetried({ failed, stopped }: Retry): Skip {
  if (failed && stopped) return 'neither failed nor stopped';
  return failed ? 'not failed' : 'not stopped';
}

/** Runs that stay stopped in a deployment of this code. @param last the last deployment, released or not */
export const stoppedBefore = (last: Deployment | null, sourceId: string): readonly string[] =>
  last?.source_id === sourceId ? (last.stopped ?? []) : [];
