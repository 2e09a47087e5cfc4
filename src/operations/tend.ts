import { type Deployment, isElsewhere } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import type { MachineProblem } from '../targets/target.js';
import { collectFrom } from './collect.js';
import { type DeployPlan, type DeployRequest, decide, patience } from './decide-deployment.js';
import { deploy } from './deploy.js';
import type { Experiment } from './experiment.js';
import type { ExperimentStatus } from './observe.js';
import { finishedMachines, releaseFinished } from './release.js';
import { reopen } from './reopen.js';
import type { Session } from './session.js';
import { wake } from './wake.js';

/** How long after a failed try the next one may follow, in milliseconds. */
const pause = 10_000;

/** What has to be done for a deployment while somebody follows it: to bring home what has ended, and to deliver what
 *  a machine could not take before. Whatever fails is tried again after a while. */
export class Tending {
  readonly #home = new Set<string>();
  #next = 0;
  #nextOpening = 0;
  #releasing: Promise<void> | null = null;

  constructor(
    private readonly session: Session,
    private readonly experiment: Experiment,
    private readonly request: DeployRequest,
    /** The machines of failed jobs are not given back: a person looks at them first. */
    private readonly keepFailed: boolean,
  ) {}

  async tend(status: ExperimentStatus): Promise<void> {
    await this.#collect(status);
    this.#giveBack(status);
    const now = this.session.now().getTime();
    if (status.silent.length > 0 && now >= this.#nextOpening && !this.#releasing) {
      this.#nextOpening = now + 60_000;
      await this.#reopen();
      // Woken by whoever waits for them, they are asked at the next look.
      await wake(this.session, this.experiment, status);
    }
    if (this.#releasing || now < this.#next || !needsDelivery(status, now)) return;
    this.#next = now + pause;
    const request = { ...this.request, onlyDelivers: true };
    await this.experiment.deployments.locked(
      async () => {
        const decided = await decide(this.session, this.experiment, request);
        if (!brings(decided)) return;
        const { problems } = await deploy(this.session, this.experiment, decided);
        for (const { problem } of problems) this.session.notify.warn(problem.message);
      },
      () => {},
    );
  }

  /** Gives back what is finished at the end. @returns what could not be given back */
  async finish(): Promise<readonly MachineProblem[]> {
    await this.#releasing;
    return this.#release();
  }

  /** Who sits in a train has another address every now and then. */
  async #reopen(): Promise<void> {
    const moved = await this.experiment.deployments.locked(
      () => reopen(this.session, this.experiment),
      () => {},
    );
    if (moved) this.session.notify.note('Your address has changed; the machines let you in again.');
  }

  /** Ending machines takes AWS a while, in which the others are looked after. */
  #giveBack({ deployment, live }: ExperimentStatus): void {
    if (this.#releasing || !live || !deployment || this.session.executor.dryRun) return;
    const read = (run: string) => this.experiment.runs.read(run);
    if (finishedMachines(deployment, read, this.keepFailed).length === 0) return;
    this.#releasing = this.#release()
      .then((problems) => {
        for (const { problem } of problems) this.session.notify.warn(problem.message);
      })
      .catch((error: Error) => this.session.notify.warn(error.message))
      .finally(() => {
        this.#releasing = null;
      });
  }

  #release(): Promise<readonly MachineProblem[]> {
    return this.experiment.deployments.locked(
      () => releaseFinished(this.session, this.experiment, this.keepFailed),
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
