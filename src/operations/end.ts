import { UserError } from '../errors.js';
import { selectConditions } from '../experiment/select.js';
import { connectionLoss, here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import { type DeployedMachine, type Deployment, isElsewhere } from '../runs/deployment.js';
import { hasEnded, type RunRecord } from '../runs/run-record.js';
import { CommandFailed } from '../shell/executor.js';
import type { MachineProblem } from '../targets/target.js';
import { collect } from './collect.js';
import { type Experiment, runnerTemplate } from './experiment.js';
import { type ConditionStatus, type ExperimentStatus, observe } from './observe.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** Rows by condition id or its beginning; none named: all. @throws UserError for one that is not there */
export function chosenRows(status: ExperimentStatus, wanted: readonly string[]): ConditionStatus[] {
  const rows = status.conditions.map((row) => ({ ...row, id: row.condition }));
  return wanted.length === 0 ? rows : [...selectConditions(rows, wanted)];
}

/** Ends the jobs of these conditions, or all, gently and then firmly. Their data and their machines stay.
 *  @param grace seconds between SIGTERM and SIGKILL.
 *  @returns how things stand afterwards, the conditions that were ended, and machines that could not be told. */
export async function stop(
  session: Session,
  experiment: Experiment,
  wanted: readonly string[],
  grace: number,
): Promise<{
  status: ExperimentStatus;
  stopped: readonly string[];
  problems: readonly MachineProblem[];
}> {
  const before = await observe(session, experiment);
  const open = chosenRows(before, wanted).filter((row) => row.record && !hasEnded(row.record));
  const problems = await stopRows(session, experiment, before, open, grace);
  const status = await observe(session, experiment);
  const unheard = new Set(problems.map(({ machine }) => machine));
  const stopped = open.filter((row) => !unheard.has(machineOf(before, row)));
  return { status, stopped: stopped.map((row) => row.condition), problems };
}

const machineOf = ({ deployment }: ExperimentStatus, { record }: ConditionStatus): string =>
  deployment?.jobs.find((job) => job.run === record?.id)?.machine ?? '';

async function stopRows(
  session: Session,
  experiment: Experiment,
  { deployment, silent }: ExperimentStatus,
  rows: readonly ConditionStatus[],
  grace: number,
): Promise<readonly MachineProblem[]> {
  const { runs } = experiment;
  const reachable = rows.filter((row) => !row.silent);
  if (reachable.length > 0 && !session.executor.dryRun) {
    const jobs = reachable.length === 1 ? 'one job' : `${reachable.length} jobs`;
    session.notify.step(`Ending ${jobs}: SIGTERM now, SIGKILL to what is left after ${grace} s.`);
  }
  // A launch that was cut short wrote these down and never delivered them: there is nothing to end but that.
  const undelivered = reachable.filter((row) => row.deployed && !row.report?.state);
  for (const { record } of session.executor.dryRun ? [] : undelivered)
    if (record) runs.write(endedBy(record, 'stopped', 'user', session.now()));
  const runsOf = (deployed: boolean) =>
    reachable
      .filter((row) => row.deployed === deployed && !undelivered.includes(row))
      .flatMap((row) => row.record?.id ?? []);
  const problems = new Map(
    silent
      .filter(({ machine }) => rows.some((row) => row.silent?.machine === machine))
      .map((one): [string, MachineProblem] => [one.machine, one]),
  );
  const theirs = new Set(runsOf(true));
  const jobs = deployment?.jobs.filter((job) => theirs.has(job.run)) ?? [];
  await Promise.all(
    [...new Set(jobs.map(({ machine }) => machine))].map(async (name) => {
      const own = jobs.filter(({ machine }) => machine === name);
      if (!deployment || !own[0]) return;
      const { machine, queue } = targetOf(session, experiment, deployment.target).placeOf(deployment, own[0]);
      try {
        await machine.stop(
          queue,
          grace,
          own.map((job) => job.folder),
        );
      } catch (error) {
        if (!(error instanceof UserError) || !elsewhere(deployment, name)) throw error;
        const loss = error instanceof CommandFailed ? connectionLoss(name, error) : null;
        problems.set(name, { machine: name, problem: loss ?? error });
      }
    }),
  );
  const here_ = runsOf(false).map((id) => runs.pathOf(id));
  if (here_.length > 0)
    await new Machine(session.executor, here(''), runnerTemplate(session)).stop(null, grace, here_);
  return [...problems.values()];
}

const elsewhere = ({ machines }: Deployment, name: string): boolean =>
  machines.some((machine) => machine.name === name && isElsewhere(machine));

const endedBy = (record: RunRecord, state: 'stopped' | 'lost', reason: string, at: Date): RunRecord => ({
  ...record,
  state,
  reason,
  times: { ...record.times, [state]: at.toISOString() },
});

export class NotAllHome extends UserError {
  /** @param away machines of which not all could be ended and brought home
   *  @param kept rented machines that could not be given back; it may be one problem of all */
  constructor(away: readonly MachineProblem[], kept: readonly MachineProblem[]) {
    const told = (title: string, problems: readonly MachineProblem[]) =>
      problems.length === 0
        ? []
        : [title, ...new Set(problems.map(({ problem }) => `  ${problem.message.replaceAll('\n', '\n  ')}`))];
    super(
      [
        ...told('Not everything could be ended and brought home, so not everything was released:', away),
        ...told('Not all that is rented could be given back:', kept),
      ].join('\n'),
      [
        ...new Set(kept.flatMap(({ problem }) => problem.suggestions)),
        `logistician terminate    # again${away.length > 0 ? ', once the machine answers' : ''}`,
        ...(away.length > 0 ? ['logistician terminate --discard    # give up what is not home'] : []),
      ],
    );
  }
}

/** Ends the deployment: its jobs stopped, its data brought home, nothing of it left. Safe to repeat.
 *  @param discard gives up what cannot be brought home.
 *  @returns how things stand afterwards; `released` false if there was nothing to end.
 *  @throws NotAllHome with everything released that could be */
export async function terminate(
  session: Session,
  experiment: Experiment,
  { grace, discard }: { readonly grace: number; readonly discard: boolean },
): Promise<{ status: ExperimentStatus; released: boolean }> {
  const { deployments } = experiment;
  const before = await observe(session, experiment);
  const { deployment } = before;
  if (!deployment || deployment.released !== null) return { status: before, released: false };
  if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
  const open = before.conditions.filter((row) => row.deployed && row.record && !hasEnded(row.record));
  if (open.length > 0) await stopRows(session, experiment, before, open, grace);
  const status = await bringToAnEnd(session, experiment, discard);
  return { status, released: true };
}

/** Brings home what a deployment has left, whose jobs have ended, and releases its machines.
 *  @throws NotAllHome with every machine released that could be */
export async function bringToAnEnd(
  session: Session,
  experiment: Experiment,
  discard = false,
): Promise<ExperimentStatus> {
  const { deployments, runs } = experiment;
  const { status, problems } = await collect(session, experiment, { only: null });
  const { deployment } = status;
  if (!deployment) return status;
  const target = targetOf(session, experiment, deployment.target);
  // A machine with a job that has not ended has not answered, or could not end it.
  const kept = new Map(problems.map((one) => [one.machine, one]));
  for (const row of status.conditions) {
    const machine = machineOf(status, row);
    if (!row.deployed || !row.record || hasEnded(row.record) || kept.has(machine) || session.executor.dryRun)
      continue;
    kept.set(machine, { machine, problem: new UserError(`${machine} could not end ${row.condition}.`) });
  }
  // What is rented can be given back whether it answers or not.
  const ready = deployment.machines.filter(
    ({ name, released, cloud }) => released === null && (!kept.has(name) || (discard && cloud)),
  );
  const failed = await target.release(deployment, ready);
  for (const one of failed) kept.set(one.machine, one);
  const rentedStill = new Set(
    failed
      .map(({ machine }) => machine)
      .filter((name) => ready.some((one) => one.name === name && one.cloud)),
  );
  const now = session.now().toISOString();
  const gone = ({ name, released }: DeployedMachine) =>
    released ?? ((kept.has(name) && !discard) || rentedStill.has(name) ? null : now);
  const machines = deployment.machines.map((machine) => ({ ...machine, released: gone(machine) }));
  const all = machines.every(({ released }) => released !== null);
  deployments.write({ ...deployment, machines, released: all ? now : null });
  const away = discard ? [] : [...kept.values()].filter(({ machine }) => !rentedStill.has(machine));
  if (away.length + rentedStill.size > 0)
    throw new NotAllHome(
      away,
      failed.filter(({ machine }) => rentedStill.has(machine)),
    );
  for (const { machine, problem } of kept.values()) {
    session.notify.warn(
      `${ready.some(({ name }) => name === machine) ? 'Given up' : 'Left as it is'}: ${problem.message}`,
    );
    for (const row of session.executor.dryRun ? [] : status.conditions)
      if (row.record && !hasEnded(row.record) && machineOf(status, row) === machine)
        runs.write(endedBy(row.record, 'lost', 'discarded', session.now()));
  }
  return kept.size > 0 ? observe(session, experiment) : status;
}
