import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Deployment } from '../../runs/deployment.js';
import type { RunSummary } from '../../runs/index-file.js';
import { hasEnded } from '../../runs/record.js';

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
      `The deployment of ${live.commit.slice(0, 10)} still runs, and ${commit.slice(0, 10)} is other code, or is to run elsewhere. An experiment has one deployment at a time.`,
      [
        ownLine('deploy', ['--commit', live.commit.slice(0, 10), '--wait'], 'go on with the live one'),
        ownLine('terminate', [], 'end it; then deploy again'),
      ],
    );
  }
}

export class NothingToRetry extends UserError {
  constructor() {
    super('There is no deployment here whose failed conditions could be run again.', [ownLine('deploy')]);
  }
}

/** Why a condition does not run. */
export type Skip =
  | 'succeeded already'
  | 'in the live deployment'
  | 'failed in the live deployment'
  | 'not failed';

export interface Planned {
  readonly run: readonly Condition[];
  readonly skip: readonly { readonly condition: Condition; readonly why: Skip }[];
}

export interface Facts {
  readonly conditions: readonly Condition[];
  /** What a run of the condition would bear. */
  readonly fingerprint: (condition: Condition) => string;
  /** The runs of this experiment, oldest first. */
  readonly runs: readonly RunSummary[];
  /** Run ids of the deployment that this one adds to. */
  readonly deployed: ReadonlySet<string>;
  /** Whether that deployment is live. */
  readonly live: boolean;
  readonly force: boolean;
  readonly retryFailed: boolean;
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

/** @param runs the condition's, oldest first. */
function reasonToSkip(condition: Condition, runs: readonly RunSummary[], facts: Facts): Skip | null {
  const deployed = runs.filter(({ id }) => facts.deployed.has(id)).at(-1);
  const failed = deployed?.state === 'failed' || deployed?.state === 'lost';
  if (facts.retryFailed) return failed ? null : 'not failed';
  if (deployed && !hasEnded(deployed)) return 'in the live deployment';
  if (facts.force) return null;
  if (facts.live && failed) return 'failed in the live deployment';
  const wanted = facts.fingerprint(condition);
  const done = runs.some((run) => run.state === 'succeeded' && !run.live && run.fingerprint === wanted);
  return done ? 'succeeded already' : null;
}
