import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine, UserError } from '../../errors.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { offsetOfLeftLog, readLeftLog } from '../../runs/left-log.js';
import { jobOf, placesElsewhere } from '../../runs/placement.js';
import { hasEnded } from '../../runs/record.js';
import type { JobAccess } from '../../targets/target.js';
import { NotThereYet, Unreachable } from '../../tools/ssh/unreachable.js';
import { chosenRows, isHere, observe } from '../look/observe.js';
import { type ConditionStatus, type ExperimentStatus, isOfSweep } from '../look/rows.js';
import { type ExperimentRecords, targetOf, thisComputer } from '../records.js';
import type { Session } from '../session.js';

/** How long until a machine that was lost is asked again, in milliseconds. */
const retry = 2_000;

export interface LogRequest {
  /** Condition ids or beginnings of them; empty: all. */
  readonly conditions: readonly string[];
  readonly follow: boolean;
  readonly from: { readonly since: Date } | { readonly tail: number } | null;
  readonly signal: AbortSignal;
}

/** Is given output by bytes; no more is read before what it promises has happened. */
type Receive = (condition: string, chunk: Buffer) => unknown;

/** Hands over the output of the newest run of each condition, by bytes: nothing is lost or repeated.
 *  Followed, it ends when the last of them has ended.
 *  @throws UserError if none of them has a run */
export async function logs(
  session: Session,
  records: ExperimentRecords,
  request: LogRequest,
  receive: Receive,
): Promise<void> {
  // What runs elsewhere is asked for its output at once.
  const about = ({ place }: DeployedJob, deployment: Deployment) => !placesElsewhere(deployment).has(place);
  const status = await observe(session, records, { about });
  const rows = rowsToShow(status, request.conditions);
  if (rows.length === 0)
    throw new UserError('Nothing has run here yet, so there is no output.', [ownLine('run')]);
  const reader = new LogReader(session, records, request, receive, status);
  // Followed, they come as they come; else one after the other.
  if (request.follow) await Promise.all(rows.map((row) => reader.show(row)));
  else for (const row of rows) await reader.show(row);
}

/** Without a name: the sweep; what was only tried out by `run`, if there is nothing else. */
function rowsToShow(status: ExperimentStatus, conditions: readonly string[]): readonly ConditionStatus[] {
  const chosen = chosenRows(status, conditions).filter((row) => row.record !== null);
  const sweep = chosen.filter((row) => conditions.length > 0 || isOfSweep(row));
  return sweep.length > 0 ? sweep : chosen;
}

/** Reads the output of runs, each from where it was left when its machine was lost. */
class LogReader {
  /** Runs whose machine does not answer. */
  readonly #away = new Set<string>();
  #looking: Promise<void> | null = null;

  constructor(
    private readonly session: Session,
    private readonly records: ExperimentRecords,
    private readonly request: LogRequest,
    private readonly receive: Receive,
    private status: ExperimentStatus,
  ) {}

  async show({ condition, record }: ConditionStatus): Promise<void> {
    const { request } = this;
    const run = record?.id ?? '';
    let offset = request.from ? null : 0;
    const onStdout = (chunk: Buffer) => {
      offset = (offset ?? 0) + chunk.length;
      this.#away.delete(run);
      return this.receive(condition, chunk);
    };
    for (;;) {
      try {
        const access = await this.#access(run);
        if (request.from) offset ??= await access.offset(request.from);
        const follow = request.follow && !this.#isGone(run);
        const { code } = await access.log(offset ?? 0, follow, { onStdout, signal: request.signal });
        if (code === 0 || !follow || request.signal.aborted) return;
        // There is no runner: nothing has been delivered.
        throw new NotThereYet(condition);
      } catch (error) {
        if (request.signal.aborted || !(await this.#mayRetry(run, error))) return;
      }
    }
  }

  /** Waits until the machine may answer again. @returns false: it never will. @throws what is no loss of a machine */
  async #mayRetry(run: string, error: unknown): Promise<boolean> {
    const { request, session } = this;
    if (!(error instanceof Unreachable && request.follow)) throw error;
    if (this.#isGone(run)) {
      session.notify.warn(`${error.message} No more of its output can be had.`);
      return false;
    }
    if (error instanceof NotThereYet)
      session.notify.warn('Machines do not exist yet. Their output comes when they do.');
    else if (!this.#away.has(run))
      session.notify.warn(`${error.message} Its output goes on from here when it answers again.`);
    this.#away.add(run);
    await sleep(retry, undefined, { signal: request.signal }).catch(() => {});
    if (request.signal.aborted) return false;
    await this.#lookAgain();
    return true;
  }

  /** Jobs get other places: a machine is created, or given back when its results are here. */
  async #lookAgain(): Promise<void> {
    this.#looking ??= observe(this.session, this.records, { about: (job) => this.#away.has(job.run) })
      .then((now) => {
        this.status = now;
      })
      .finally(() => {
        this.#looking = null;
      });
    await this.#looking;
  }

  /** Its target knows how it ended, and no machine has more to say of it. */
  #isGone(run: string): boolean {
    const record = this.records.runs.readOrNull(run);
    return record?.state === 'lost' || record?.reason === 'capacity';
  }

  async #access(run: string): Promise<Pick<JobAccess, 'log' | 'offset'>> {
    const { runs, deployments } = this.records;
    const { deployment } = this.status;
    const record = runs.readOrNull(run);
    const job = deployment && jobOf(deployment, run);
    const isCollected =
      record !== null && hasEnded(record) && record.collected !== null && isHere(runs, record);
    if (deployment?.released === null && job && !isCollected)
      return (await targetOf(this.session, this.records, deployment)).job(deployment, run);
    // A run at work has its output in its job folder; one that has ended, in what it left.
    const own = join(deployments.jobs, run);
    return existsSync(own) ? this.#atWork(own) : leftOutput(runs.pathOf(run));
  }

  #atWork(folder: string): Pick<JobAccess, 'log' | 'offset'> {
    const machine = thisComputer(this.session);
    return {
      log: (offset, follow, io) => machine.log(folder, offset, follow, io),
      offset: (from) => machine.offset(folder, from),
    };
  }
}

/** When it was written is not known any more: all of it counts as newer than any time. */
const leftOutput = (folder: string): Pick<JobAccess, 'log' | 'offset'> => ({
  async log(offset, _follow, { onStdout = () => {}, signal }) {
    await readLeftLog(folder, offset, onStdout, signal);
    return { kind: 'exited', code: 0, signal: null, stdout: '', stderr: '' };
  },
  offset: async (from) => ('tail' in from ? offsetOfLeftLog(folder, from.tail) : 0),
});
