import { UserError } from '../errors.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import type { MachineProblem } from '../targets/target.js';
import { collect } from './collect.js';
import type { Experiment } from './experiment.js';
import { chosenRows, type ExperimentStatus, observe } from './observe.js';
import type { Session } from './session.js';
import { endedBy, machineOf, stopRows } from './stop.js';
import { targetOf } from './target-of.js';

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

export interface Ending {
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number;
  /** Gives up what cannot be brought home. */
  readonly discard: boolean;
  /** Conditions by id or its beginning, whose machines alone are to go; empty: all. */
  readonly only: readonly string[];
}

/** Ends the deployment, or single conditions of it: jobs stopped, data brought home, nothing left on their machines.
 *  A machine that others are on stays. Safe to repeat.
 *  @returns how things stand afterwards, and the conditions that were ended; none: there was nothing to end
 *  @throws NotAllHome with everything released that could be; UnknownCondition */
export async function terminate(
  session: Session,
  experiment: Experiment,
  { grace, discard, only }: Ending,
): Promise<{ status: ExperimentStatus; ended: readonly string[] }> {
  const { deployments } = experiment;
  const before = await observe(session, experiment);
  const { deployment } = before;
  if (!deployment || deployment.released !== null) return { status: before, ended: [] };
  const own = new Set(deployment.jobs.map(({ condition }) => condition));
  const rows = chosenRows(before, only).filter(({ condition }) => own.has(condition));
  if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
  const open = rows.filter((row) => row.deployed && row.record && !hasEnded(row.record));
  if (open.length > 0) await stopRows(session, experiment, before, open, grace);
  const chosen = new Set(rows.map((row) => row.condition));
  const status = await bringToAnEnd(session, experiment, discard, only.length > 0 ? chosen : null);
  return { status, ended: [...chosen] };
}

/** Brings home what a deployment has left, whose jobs have ended, and releases its machines.
 *  @param chosen the conditions of which alone this is done; null: all
 *  @throws NotAllHome with every machine released that could be */
export async function bringToAnEnd(
  session: Session,
  experiment: Experiment,
  discard = false,
  chosen: ReadonlySet<string> | null = null,
): Promise<ExperimentStatus> {
  const { deployments, runs } = experiment;
  const isChosen = ({ condition }: Pick<DeployedJob, 'condition'>) => !chosen || chosen.has(condition);
  const jobs = deployments.read()?.jobs.filter(isChosen) ?? [];
  const about = { only: null, ...(chosen && { runs: new Set(jobs.map(({ run }) => run)) }) };
  const { status, problems } = await collect(session, experiment, about);
  const { deployment } = status;
  if (!deployment) return status;
  const target = targetOf(session, experiment, deployment.target);
  // A machine with a job that has not ended has not answered, or could not end it.
  const kept = new Map(problems.map((one) => [one.machine, one]));
  for (const row of status.conditions.filter(isChosen)) {
    const machine = machineOf(status, row);
    if (!row.deployed || !row.record || hasEnded(row.record) || kept.has(machine) || session.executor.dryRun)
      continue;
    kept.set(machine, { machine, problem: new UserError(`${machine} could not end ${row.condition}.`) });
  }
  const leaving = machinesOf(deployment, isChosen);
  // What is rented can be given back whether it answers or not.
  const ready = leaving.filter(
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
  const isGone = (machine: DeployedMachine) =>
    leaving.includes(machine) && (discard || !kept.has(machine.name)) && !rentedStill.has(machine.name);
  const machines = deployment.machines.map((machine) => ({
    ...machine,
    released: machine.released ?? (isGone(machine) ? now : null),
  }));
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

/** The machines on which there are no others than these jobs. */
function machinesOf(
  { machines, jobs }: Deployment,
  isChosen: (job: DeployedJob) => boolean,
): readonly DeployedMachine[] {
  const others = new Set(jobs.filter((job) => !isChosen(job)).map(({ machine }) => machine));
  const own = new Set(jobs.filter(isChosen).map(({ machine }) => machine));
  return others.size === 0 ? machines : machines.filter(({ name }) => own.has(name) && !others.has(name));
}
