import { type Deployment, isElsewhere } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import { collectFrom } from './collect.js';
import { type DeployPlan, type DeployRequest, decide, patience } from './decide-deployment.js';
import { deploy } from './deploy.js';
import type { Experiment } from './experiment.js';
import type { ExperimentStatus } from './observe.js';
import type { Session } from './session.js';

/** How long after a failed try the next one may follow, in milliseconds. */
const pause = 10_000;

/** What has to be done for a deployment while somebody follows it: to bring home what has ended, and to deliver what
 *  a machine could not take before. Whatever fails is tried again after a while. */
export class Tending {
  readonly #home = new Set<string>();
  #next = 0;

  constructor(
    private readonly session: Session,
    private readonly experiment: Experiment,
    private readonly request: DeployRequest,
  ) {}

  async tend(status: ExperimentStatus): Promise<void> {
    await this.#collect(status);
    const now = this.session.now().getTime();
    if (now < this.#next || !needsDelivery(status, now)) return;
    this.#next = now + pause;
    const again = () => decide(this.session, this.experiment, this.request);
    await this.experiment.deployments.locked(
      async () => {
        const decided = await again();
        if (brings(decided)) await deploy(this.session, this.experiment, { ...decided, run: [] });
      },
      () => {},
    );
  }

  async #collect(status: ExperimentStatus): Promise<void> {
    const isRemote = remoteRuns(status.deployment);
    const ended = status.conditions.flatMap(({ record }) =>
      record && isRemote.has(record.id) && hasEnded(record) && !record.collected ? [record.id] : [],
    );
    const due = ended.filter((run) => !this.#home.has(run));
    if (due.length === 0) return;
    const problems = await collectFrom(this.session, this.experiment, status, {
      only: null,
      runs: new Set(due),
    });
    for (const { problem } of problems) this.session.notify.warn(problem.message);
    const failed = new Set(problems.map(({ machine }) => machine));
    for (const run of due) {
      const job = status.deployment?.jobs.find((one) => one.run === run);
      if (job && !failed.has(job.machine)) this.#home.add(run);
    }
  }
}

/** Runs of which the job folder is not here. */
function remoteRuns(deployment: Deployment | null): Set<string> {
  const remote = new Set(deployment?.machines.filter(isElsewhere).map(({ name }) => name));
  return new Set(deployment?.jobs.filter(({ machine }) => remote.has(machine)).map(({ run }) => run));
}

/** A job that has yet to arrive, or has waited for long on a machine that says nothing. */
const needsDelivery = (status: ExperimentStatus, now: number): boolean =>
  status.conditions.some(
    ({ record, report, silent, deployed }) =>
      deployed &&
      record?.state === 'pending' &&
      (silent ? now - silent.since.getTime() >= patience : !report?.state),
  );

const brings = ({ undelivered, moves }: DeployPlan): boolean => undelivered.length + moves.length > 0;
