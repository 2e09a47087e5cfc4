import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { typedAgain, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Continued } from '../../recipe/recipe.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import type { RunSummary } from '../../runs/index-file.js';
import { hasBegun, hasEnded, type RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import { targetHere } from '../../targets/registry.js';
import type { PlaceProblem } from '../../targets/target.js';
import { collect } from '../end/collect.js';
import type { Experiment } from '../experiment.js';
import { isHere } from '../look/observe.js';
import type { Session } from '../session.js';

// An attempt continues from /data/state of the previous one. It is read from runs/; state that is only on a machine is
// collected first. It is copied into the data of the new run before the job is delivered.

/** For each condition, the attempt from whose state the next one continues: its last deployed run of the same code and
 * inputs, if it has ended without success.
 * @param runs of the experiment, oldest first.
 * @returns run ids by condition */
export function attemptsBefore(
  conditions: readonly Condition[],
  runs: readonly RunSummary[],
  fingerprintsOf: (condition: Condition) => readonly string[],
): ReadonlyMap<string, string> {
  const wanted = new Map(conditions.map((condition) => [condition.id, fingerprintsOf(condition)]));
  const last = new Map<string, RunSummary>();
  for (const run of runs)
    if (run.deployment !== null && wanted.get(run.condition)?.includes(run.fingerprint))
      last.set(run.condition, run);
  const unfinished = [...last].filter(([, run]) => hasEnded(run) && run.state !== 'succeeded');
  return new Map(unfinished.map(([condition, { id }]) => [condition, id]));
}

interface Attempt {
  readonly record: RunRecord;
  /** Which attempt it was. */
  readonly nth: number;
}

/** The attempt that wrote the state: an attempt that ended before its job began passed on the state it was given. null:
 * there is none. */
export function lastBegun(read: (run: string) => RunRecord | null, run: string): Attempt | null {
  let record = read(run);
  for (let tries = 0; record && tries < 1000; tries++) {
    const { continues } = record.recipe;
    if (hasBegun(record)) return { record, nth: continues?.attempt ?? 1 };
    const before = continues ? read(continues.run) : null;
    record = before?.condition === record.condition ? before : null;
  }
  return null;
}

/** The state is on an unreachable machine. */
class StateOutOfReach extends UserError {
  constructor(problems: readonly PlaceProblem[]) {
    super(
      [
        '/data/state of the last attempts cannot be collected now, so nothing was deployed:',
        ...problems.map(({ problem }) => `  ${problem.message}`),
      ].join('\n'),
      [
        typedAgain('deploy', [], 'again, once the machine answers'),
        typedAgain('deploy', ['--fresh-state'], 'starts with an empty /data/state'),
      ],
    );
  }
}

/** The state from which each condition continues. A warning names those whose state is lost: they start from the
 * beginning.
 * @param after what `attemptsBefore` found. @throws StateOutOfReach */
export async function continuations(
  session: Session,
  experiment: Experiment,
  live: LiveDeployment,
  after: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Continued>> {
  const { runs } = experiment;
  const attempts = [...after].flatMap(([condition, run]): [string, Attempt][] => {
    const found = lastBegun((id) => runs.readOrNull(id), run);
    return found ? [[condition, found]] : [];
  });
  const isWhole = (record: RunRecord) =>
    record.target === targetHere || (record.collected !== null && isHere(runs, record));
  const away = new Set(attempts.filter(([, { record }]) => !isWhole(record)).map(([, one]) => one.record.id));
  const fetched = await fetch(session, experiment, live, away);
  const continued = new Map<string, Continued>();
  const lost: string[] = [];
  for (const [condition, { record, nth }] of attempts) {
    const isComplete = isWhole(record) || fetched.has(record.id);
    if (isComplete && (session.executor.dryRun || stateOf(runs, record.id) !== null))
      continued.set(condition, { run: record.id, attempt: nth + 1 });
    else lost.push(condition);
  }
  if (lost.length > 0)
    session.notify.warn(
      `Nothing is left of /data/state of the last attempts at ${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ` and ${lost.length - 5} more` : ''}: they start with an empty one.`,
    );
  return continued;
}

/** Collects the state of these runs of the deployment.
 * @returns those that could be collected. @throws StateOutOfReach */
async function fetch(
  session: Session,
  experiment: Experiment,
  live: LiveDeployment,
  away: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const { last } = live;
  const jobs = last?.released === null ? last.jobs.filter(({ run }) => away.has(run)) : [];
  const there = new Set(jobs.map(({ run }) => run));
  if (there.size === 0) return there;
  const { problems } = await collect(session, experiment, { only: 'state', runs: there }, { live });
  if (problems.length > 0) throw new StateOutOfReach(problems);
  return there;
}

/** The folder with a run's state here; null: it does not exist, or its path contains a symbolic link. */
export function stateOf(runs: RunStore, run: string): string | null {
  const data = join(runs.pathOf(run), 'data');
  const state = join(data, 'state');
  return [runs.pathOf(run), data, state].every(isFolder) ? state : null;
}

/** Whether a run may have left something in its state: what is here of it is not empty. */
export function mayHaveState(runs: RunStore, run: string): boolean {
  const state = stateOf(runs, run);
  return state === null || readdirSync(state).length > 0;
}

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
