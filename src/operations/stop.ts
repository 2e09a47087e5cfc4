import { UserError } from '../errors.js';
import { connectionLoss, here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import { type Deployment, isElsewhere } from '../runs/deployment.js';
import { hasEnded, type RunRecord } from '../runs/run-record.js';
import { CommandFailed } from '../shell/executor.js';
import type { MachineProblem } from '../targets/target.js';
import { type Experiment, runnerTemplate } from './experiment.js';
import { type ConditionStatus, chosenRows, type ExperimentStatus, observe } from './observe.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

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

/** The name of the machine where the row's job is. */
export const machineOf = ({ deployment }: ExperimentStatus, { record }: ConditionStatus): string =>
  deployment?.jobs.find((job) => job.run === record?.id)?.machine ?? '';

/** Ends the jobs of these rows. @returns machines that could not be told */
export async function stopRows(
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

/** The receipt of a run that was ended from here. */
export const endedBy = (
  record: RunRecord,
  state: 'stopped' | 'lost',
  reason: string,
  at: Date,
): RunRecord => ({
  ...record,
  state,
  reason,
  times: { ...record.times, [state]: at.toISOString() },
});
