import { UserError } from '../../errors.js';
import { existing, jobsAt, placesElsewhere } from '../../runs/placement.js';
import { hasEnded } from '../../runs/record.js';
import type { PlaceProblem } from '../../targets/target.js';
import { type DeployPlan, decide } from '../deploy/decide.js';
import { deploy } from '../deploy/deploy.js';
import { patience } from '../deploy/placement.js';
import type { DeployRequest } from '../deploy/request.js';
import { withRoom } from '../deploy/room.js';
import { collectFrom } from '../end/collect.js';
import { finishedPlaces, giveBackFinished } from '../end/give-back.js';
import { startMachines } from '../end/start-machines.js';
import type { Experiment } from '../experiment.js';
import {
  type ConditionStatus,
  type ExperimentStatus,
  isOpen,
  neverBegan,
  placeNameOf,
} from '../look/rows.js';
import { targetOf } from '../records.js';
import type { Session } from '../session.js';
import type { Chore } from './chore.js';
import { Tries } from './tries.js';

// The chores of `deploy --wait`.

const silently = () => {};

/** Collects the results of jobs on other machines when they have ended. */
export function collectEnded(session: Session, experiment: Experiment): Chore {
  const due = ({ deployment, conditions }: ExperimentStatus): ReadonlySet<string> => {
    const elsewhere = deployment ? placesElsewhere(deployment) : new Set();
    const runs = new Set(deployment?.jobs.filter(({ place }) => elsewhere.has(place)).map(({ run }) => run));
    return new Set(
      conditions.flatMap(({ record, silent }) =>
        record && runs.has(record.id) && hasEnded(record) && record.collected === null && !silent
          ? [record.id]
          : [],
      ),
    );
  };
  /** Runs that could not be collected lately; runs that ended meanwhile do not wait for them. */
  const tried = new Map<string, number>();
  const retry = 10_000;
  const fresh = (status: ExperimentStatus) => {
    const now = session.now().getTime();
    return new Set([...due(status)].filter((run) => now - (tried.get(run) ?? 0) >= retry));
  };
  return {
    every: 0,
    due: (status) => fresh(status).size > 0,
    async do(status) {
      const runs = fresh(status);
      for (const run of runs) tried.set(run, session.now().getTime());
      const { problems } = await collectFrom(session, experiment, status, { only: null, runs });
      warn(session, problems);
    },
  };
}

/** Terminates rented places as they finish, in the background.
 * @param keepFailed keep places with failed jobs, for the user to look at */
export const giveBackAsTheyFinish = (
  session: Session,
  experiment: Experiment,
  keepFailed: boolean,
): Chore => ({
  every: 0,
  background: true,
  locks: true,
  due: ({ deployment, live }) =>
    live &&
    deployment !== null &&
    !session.executor.dryRun &&
    finishedPlaces(deployment, (run) => experiment.runs.readOrNull(run), keepFailed).length > 0,
  do: async () => warn(session, await giveBackAtEnd(session, experiment, keepFailed)),
});

/** Terminates finished places. @returns those that could not be terminated */
export const giveBackAtEnd = (
  session: Session,
  experiment: Experiment,
  keepFailed: boolean,
): Promise<readonly PlaceProblem[]> =>
  experiment.deployments.locked((live) => giveBackFinished(session, experiment, live, keepFailed), silently);

/** Tries to reach unreachable machines again: this computer's address may have changed, or they have stopped with
 * results on their disks. */
export const reachAgain = (session: Session, experiment: Experiment): Chore => ({
  every: 60_000,
  locks: true,
  due: ({ silent }) => silent.length > 0,
  async do(status) {
    if (await admit(session, experiment))
      session.notify.note('Your address has changed; the machines let you in again.');
    // Those of jobs that never began are started when these are delivered.
    const begun = status.conditions.flatMap((row) => (row.record && !neverBegan(row) ? [row.record.id] : []));
    warn(session, (await startMachines(session, experiment, status, { wanted: new Set(begun) })).problems);
  },
});

/** Updates the SSH rule if this computer's address has changed. @returns whether it had */
export const admit = (session: Session, experiment: Experiment): Promise<boolean> =>
  experiment.deployments.locked(async (live) => {
    const deployment = live.last;
    if (deployment?.released !== null) return false;
    const { rental } = await targetOf(session, experiment, deployment);
    return (await rental?.admit(live, experiment.parameters)) ?? false;
  }, silently);

/** Delivers what can be delivered now. @returns null if no place can take it, so that nothing was tried */
export type Deliver = (
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
) => Promise<readonly PlaceProblem[] | null>;

const deliverNow: Deliver = (session, experiment, request) =>
  experiment.deployments.locked(async (live) => {
    const plan = await decide(session, experiment, { ...request, onlyDelivers: true });
    return delivers(plan) ? (await deploy(session, experiment, live, plan)).problems : null;
  }, silently);

/** Delivers jobs that could not be delivered earlier, and moves waiting jobs of unreachable machines. Machines that are
 * rented cost something at each try: those end. A look at which nothing was tried is neither a success nor a failure. */
export function deliverMissing(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  deliver = deliverNow,
): Chore {
  const tries = new Tries();
  const time = () => session.now().getTime();
  const hasFailed = (name: string): boolean =>
    jobsAt(experiment.deployments.read()?.jobs ?? [], name).some(
      ({ run }) => experiment.runs.readOrNull(run)?.state === 'failed',
    );
  /** Those that wait for a machine to be given back need nothing. */
  const anyNow = (status: ExperimentStatus): boolean => {
    const { deployment, conditions } = status;
    const missing = conditions.filter((row) => needsDelivery(row, time()));
    const names = missing.map((row) => placeNameOf(status, row));
    return deployment !== null && withRoom(deployment, names, request.maxMachines).size > 0;
  };
  return {
    every: 10_000,
    locks: true,
    due: (status) => tries.mayTry(time()) && anyNow(status),
    async do({ deployment }) {
      const isRented = deployment?.places.some(({ rented }) => rented) ?? false;
      try {
        const problems = await deliver(session, experiment, request);
        if (problems === null) return;
        warn(session, problems);
        if (isRented) tries.note(problems, time());
      } catch (error) {
        if (isRented && error instanceof UserError) tries.note([{ problem: error }], time());
        throw error;
      }
    },
    givenUp(status) {
      const { conditions, deployment } = status;
      const isOver = conditions.every((row) => !row.deployed || !isOpen(row) || needsDelivery(row, time()));
      if (!isOver || !deployment) return null;
      const allKept =
        request.keepFailed && !anyNow(status) && existing(deployment).every(({ name }) => hasFailed(name));
      return allKept ? 'All machines that may exist are kept for failed conditions.' : tries.givenUp;
    },
  };
}

/** Whether a job is not delivered yet, or has waited too long at an unreachable place. */
const needsDelivery = (row: ConditionStatus, now: number): boolean => {
  const { record, report, silent, deployed, held } = row;
  if (!deployed || held || record?.state !== 'pending') return false;
  return silent ? neverBegan(row) || now - silent.since.getTime() >= patience : !report?.state;
};

const delivers = ({ undelivered, moves }: DeployPlan): boolean => undelivered.length + moves.length > 0;

function warn({ notify }: Session, problems: readonly PlaceProblem[]): void {
  for (const { problem } of problems) notify.warn(problem.message);
}
