import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import type { JobReport } from '../../machines/job-state.js';
import type { Deployment } from '../../runs/deployment.js';
import type { DeploymentStore } from '../../runs/deployment-store.js';
import { leftIn } from '../../runs/left-data.js';
import { logNames } from '../../runs/left-log.js';
import { seenFrom } from '../../runs/lost-data.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import type { Look, Target } from '../../targets/target.js';
import { type ExperimentRecords, targetOf, thisComputer } from '../records.js';
import type { Session } from '../session.js';
import { toHold, withHeld } from './holding.js';
import { logEnd, withMetrics } from './metrics.js';
import { type Asking, questionsOf } from './questions.js';
import { type ConditionStatus, currentRuns, type ExperimentStatus, rowsOf, type Silence } from './rows.js';

export interface ObserveRequest extends Partial<Omit<Asking, 'ended'>> {
  /** Reports of ended jobs, by run: these are not polled again. New ones are added. */
  readonly ended?: Map<string, JobReport>;
}

const nothing: Look = { heard: new Map(), ended: new Map(), silent: [], stalled: new Set() };

/** The state of every condition. Also updates receipts, and restarts queues whose runner was killed. */
export async function observe(
  session: Session,
  records: ExperimentRecords,
  request: ObserveRequest = {},
): Promise<ExperimentStatus> {
  const { runs, deployments, conditions } = records;
  const deployment = deployments.read();
  await settleMoved(session, deployments);
  const { found: newest, problems } = runs.newest();
  for (const { message, suggestions } of problems) session.notify.warn(message, suggestions);
  const read = readOnce(records, newest);
  const current = currentRuns(newest, deployment, read);
  const ended = request.ended ?? new Map<string, JobReport>();
  const asking = { collects: false, about: () => true, ...request, ended };
  const { look, silent, unasked } =
    deployment?.released === null
      ? await ask(session, records, deployment, read, asking)
      : { look: nothing, silent: [], unasked: new Set<string>() };
  const heard = new Map([...ended, ...look.heard]);
  await hearHere(session, records, current, heard, unasked);
  for (const [run, report] of heard) if (report.state && hasEnded(report.state)) ended.set(run, report);
  const status = rowsOf({
    ...{ deployment, current, heard, silent },
    held: look.held ?? new Map(),
    inFile: conditions,
    ended: look.ended,
    now: session.now(),
  });
  refresh(session, runs, current, status.conditions);
  return withMetrics(await holdOthers(session, records, status), records);
}

/** Holds all places when too many jobs of all machines together have failed. */
async function holdOthers(
  session: Session,
  records: ExperimentRecords,
  status: ExperimentStatus,
): Promise<ExperimentStatus> {
  const found = toHold(status);
  if (!found || !status.deployment || session.executor.dryRun) return status;
  const { holding } = await targetOf(session, records, status.deployment);
  // Without queues the jobs wait for machines, which are not rented then.
  const problems = (await holding?.hold(status.deployment, found.places, found.failures)) ?? [];
  for (const { problem } of problems) session.notify.warn(problem.message);
  const failed = new Set(problems.map(({ place }) => place));
  const held = new Set([...found.places].filter((place) => !failed.has(place)));
  return withHeld(status, held, found.failures);
}

/** Moves the logs of jobs that ended while their experiment was being moved to another folder. */
async function settleMoved(session: Session, deployments: DeploymentStore): Promise<void> {
  if (!deployments.tellMove() || !existsSync(deployments.jobs)) return;
  const folders = readdirSync(deployments.jobs).map((name) => join(deployments.jobs, name));
  if (folders.length > 0) await thisComputer(session).settle(folders);
}

/** Its results were collected, and still exist here. */
export const isHere = (runs: RunStore, { id }: RunRecord): boolean =>
  existsSync(join(runs.pathOf(id), 'data'));

/** Polls the target about the jobs that may have news. */
async function ask(
  session: Session,
  records: ExperimentRecords,
  deployment: Deployment,
  read: (run: string) => RunRecord | null,
  asking: Asking,
): Promise<{ look: Look; silent: readonly Silence[]; unasked: ReadonlySet<string> }> {
  const { runs, deployments } = records;
  const questions = questionsOf(deployment, read, (record) => isHere(runs, record), asking);
  const asked = new Set(questions.asked.map(({ run }) => run));
  const target = await targetOf(session, records, deployment);
  const look =
    asked.size > 0
      ? await lookAndRevive(session, target, deployment, asked, logEnd(records, deployment.jobs.length))
      : nothing;
  const since = deployments.noteSilence(
    deployment.id,
    {
      asked: questions.asked.flatMap(({ place, moved_from = [] }) => [
        place,
        ...moved_from.map((left) => left.place),
      ]),
      silent: look.silent.map(({ place }) => place),
    },
    session.now(),
  );
  const silent = look.silent.map((one) => ({ ...one, since: since.get(one.place) ?? session.now() }));
  const unheard = deployment.jobs.filter(
    (job) =>
      silent.some(({ place }) => place === job.place) ||
      (questions.open.includes(job) && !asked.has(job.run)),
  );
  return { look, silent, unasked: new Set(unheard.map(({ run }) => run)) };
}

/** How long new runners have to find out what became of jobs that lost theirs, in milliseconds. */
const patience = 30_000;

/** Restarts a queue whose runner was killed: nothing else does. Then waits until the new one knows how the jobs stand:
 * after a restart of a machine they have ended, and only then are their logs beside their results. */
async function lookAndRevive(
  session: Session,
  target: Target,
  deployment: Deployment,
  runs: ReadonlySet<string>,
  end: number,
): Promise<Look> {
  const look = await target.look(deployment, runs, end);
  if (look.stalled.size === 0) return look;
  const problems = await target.revive(deployment, look.stalled);
  for (const { problem } of problems) session.notify.warn(problem.message);
  const failed = new Set(problems.map(({ place }) => place));
  const revived = deployment.jobs.filter(({ place }) => look.stalled.has(place) && !failed.has(place));
  for (const until = Date.now() + patience; ; await sleep(500)) {
    const again = await target.look(deployment, runs, end);
    const isJudged = revived.every(({ run }) => !again.heard.get(run)?.orphan);
    if (isJudged || session.executor.dryRun || Date.now() > until) return again;
  }
}

/** Adds reports from this computer for runs that were not polled: of open ones from their job folder (which exists only
 * if this computer made it), of ended ones from runs/. A run that lost its runner gets a new one. */
async function hearHere(
  session: Session,
  { runs, deployments }: ExperimentRecords,
  current: ReadonlyMap<string, RunRecord>,
  heard: Map<string, JobReport>,
  unasked: ReadonlySet<string>,
): Promise<void> {
  const missing = [...current.values()].filter(({ id }) => !heard.has(id) && !unasked.has(id));
  const open = missing.filter((record) => !hasEnded(record));
  for (const record of missing.filter(hasEnded)) {
    const { id } = record;
    const left = leftIn(join(runs.pathOf(id), 'data'), logNames(record));
    heard.set(id, { folder: runs.pathOf(id), state: null, orphan: false, full: false, ...left });
  }
  const folders = new Map(open.map(({ id }) => [join(deployments.jobs, id), id]));
  const here = [...folders.keys()].filter((folder) => existsSync(folder));
  if (here.length === 0) return;
  const machine = thisComputer(session);
  for (const report of (await machine.report(null, here)).jobs) {
    const run = folders.get(report.folder) ?? '';
    heard.set(run, seenFrom(runs.pathOf(run), report));
    if (report.orphan) await machine.resume(report.folder);
  }
}

/** A failed write is only a warning: looking must work on a full or read-only disk, and the next look writes it again. */
function refresh(
  { notify }: Session,
  runs: RunStore,
  before: ReadonlyMap<string, RunRecord>,
  rows: readonly ConditionStatus[],
): void {
  for (const { condition, record } of rows) {
    if (!record || JSON.stringify(record) === JSON.stringify(before.get(condition))) continue;
    try {
      // An unreadable receipt is left for the user: reading it has warned.
      runs.read(record.id);
      runs.write(record);
    } catch (error) {
      const mend = error instanceof UserError ? error.suggestions : [];
      notify.warn(`The receipt of ${record.id} is not up to date: ${(error as Error).message}`, mend);
    }
  }
}

/** Reads receipts of deployed runs, each once. If the one in the tree is missing or unreadable, as after `git clean`,
 * our own copy is used. */
function readOnce(
  { runs, deployments }: Pick<ExperimentRecords, 'runs' | 'deployments'>,
  newest: ReadonlyMap<string, RunRecord>,
) {
  const known = new Map<string, RunRecord | null>([...newest.values()].map((record) => [record.id, record]));
  return (run: string): RunRecord | null => {
    if (!known.has(run)) known.set(run, runs.readOrNull(run) ?? deployments.keptReceipt(run));
    return known.get(run) ?? null;
  };
}
