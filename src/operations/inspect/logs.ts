import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine, UserError } from '../../errors.js';
import { isEverything, type Selection } from '../../experiment/select.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { type LogNames, logNames, offsetOfLeftLog, readLeftLog } from '../../runs/left-log.js';
import { jobOf, placesElsewhere } from '../../runs/placement.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import type { JobAccess } from '../../targets/target.js';
import { NotThereYet, Unreachable } from '../../tools/ssh/unreachable.js';
import { chosenRows } from '../look/chosen.js';
import { isHere, observe } from '../look/observe.js';
import type { ConditionStatus, ExperimentStatus } from '../look/rows.js';
import { type ExperimentRecords, targetOf, thisComputer } from '../records.js';
import type { Session } from '../session.js';
import { rowsToShow, type Shown } from './shown.js';

/** Pause before an unreachable machine is retried, in milliseconds. */
const retry = 2_000;

export interface LogRequest {
  readonly conditions: Selection;
  readonly follow: boolean;
  readonly from: { readonly since: Date } | { readonly tail: number } | null;
  readonly signal: AbortSignal;
}

/** None of the selected conditions has run. */
class NoOutput extends UserError {
  constructor(selection: Selection, [meant, ...more]: readonly ConditionStatus[]) {
    if (isEverything(selection) || !meant)
      super('Nothing has run here yet, so there is no output.', [ownLine('run')]);
    else {
      const which = more.length > 0 ? 'None of these conditions has' : `${meant.condition} has not`;
      super(`${which} run yet, so there is no output.`, [ownLine('deploy', ['--only', meant.condition])]);
    }
  }
}

/** Receives output as bytes; no more is read until its promise resolves. */
type Receive = (condition: string, chunk: Buffer) => unknown;

/** Passes on the output of the newest run of each condition, or of runs that are named, byte for byte: nothing is lost or
 * repeated. With `follow`, until the last of them has ended.
 * @returns false: none is in a requested state. @throws NoOutput, UnknownCondition, UnknownRun, WrongQuery */
export async function logs(
  session: Session,
  records: ExperimentRecords,
  request: LogRequest,
  receive: Receive,
): Promise<boolean> {
  const byState = request.conditions.states.length > 0;
  // Jobs on other machines are read at once, without a poll, unless the selection depends on their state.
  const about = ({ place }: DeployedJob, deployment: Deployment) =>
    byState || !placesElsewhere(deployment).has(place);
  const status = await observe(session, records, { about });
  const rows = rowsToShow(status, records, request.conditions);
  if (rows.length === 0 && byState) return false;
  if (rows.length === 0) throw new NoOutput(request.conditions, chosenRows(status, request.conditions));
  const reader = new LogReader(session, records, request, receive, status);
  // With `follow` their output is mixed as it arrives; otherwise one after the other.
  if (request.follow) await Promise.all(rows.map((row) => reader.show(row)));
  else for (const row of rows) await reader.show(row);
  return true;
}

/** Reads the output of runs; after a lost connection it resumes at the same byte. */
class LogReader {
  /** Runs whose machine is unreachable. */
  readonly #away = new Set<string>();
  #looking: Promise<void> | null = null;

  constructor(
    private readonly session: Session,
    private readonly records: ExperimentRecords,
    private readonly request: LogRequest,
    private readonly receive: Receive,
    private status: ExperimentStatus,
  ) {}

  /** Shows the output of a run. A notice tells if it is not the job's own output, or if there is none. */
  async show(row: Shown): Promise<void> {
    const { name, record } = row;
    const { request, session } = this;
    let isTold = false;
    await this.#read(row, (chunk) => {
      const now = this.#recordOf(row);
      if (!isTold && now && isWithoutJob(now))
        session.notify.note(`${name} ${pastOf(now)} before its job began. Its runner or the build printed:`);
      isTold = true;
      return this.receive(name, chunk);
    });
    if (isTold || request.signal.aborted || !record) return;
    const now = this.#recordOf(row) ?? record;
    if (request.from) session.notify.note(`${name}: no output in the requested part.`);
    else if (hasEnded(now)) session.notify.note(`${name} ${pastOf(now)} and printed nothing.`);
    else
      session.notify.note(`${name} has printed nothing${request.follow ? '' : ` yet: it is ${now.state}`}.`);
  }

  #recordOf({ record }: ConditionStatus): RunRecord | null {
    return record && (this.records.runs.readOrNull(record.id) ?? record);
  }

  async #read({ condition, record }: ConditionStatus, receive: (chunk: Buffer) => unknown): Promise<void> {
    const { request } = this;
    const run = record?.id ?? '';
    let offset = request.from ? null : 0;
    const onStdout = (chunk: Buffer) => {
      offset = (offset ?? 0) + chunk.length;
      this.#away.delete(run);
      return receive(chunk);
    };
    for (;;) {
      try {
        const access = await this.#access(run);
        if (request.from) offset ??= await access.offset(request.from);
        const follow = request.follow && !this.#isGone(run);
        const { code } = await access.log(offset ?? 0, follow, { onStdout, signal: request.signal });
        if (code === 0 || !follow || request.signal.aborted) return;
        // No runner: nothing was delivered yet.
        throw new NotThereYet(condition);
      } catch (error) {
        if (request.signal.aborted || !(await this.#mayRetry(run, error))) return;
      }
    }
  }

  /** Waits before the next try. @returns false: the machine is gone. @throws errors that are not about reaching it */
  async #mayRetry(run: string, error: unknown): Promise<boolean> {
    const { request, session } = this;
    if (!(error instanceof Unreachable && request.follow)) throw error;
    if (this.#isGone(run)) {
      session.notify.warn(`${error.message} No more of its output can be read.`);
      return false;
    }
    if (error instanceof NotThereYet)
      session.notify.warn('Some machines do not exist yet. Output follows once they do.');
    else if (!this.#away.has(run))
      session.notify.warn(`${error.message} Retrying; its output continues from here.`);
    this.#away.add(run);
    await sleep(retry, undefined, { signal: request.signal }).catch(() => {});
    if (request.signal.aborted) return false;
    await this.#lookAgain();
    return true;
  }

  /** Reads the deployment again: a machine may have been created, or terminated after its results were collected. */
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

  /** Its target knows how it ended, and no machine has more of it. */
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
    // The output of a running job is in its job folder; that of an ended one in runs/.
    const own = join(deployments.jobs, run);
    if (existsSync(own)) return this.#ofRunningJob(own);
    return leftOutput(runs.pathOf(run), record ? logNames(record) : ['docker.txt']);
  }

  #ofRunningJob(folder: string): Pick<JobAccess, 'log' | 'offset'> {
    const machine = thisComputer(this.session);
    return {
      log: (offset, follow, io) => machine.log(folder, offset, follow, io),
      offset: (from) => machine.offset(folder, from),
    };
  }
}

/** It ended before its container began, so it printed nothing itself. */
const isWithoutJob = ({ state, started }: RunRecord): boolean =>
  started === null && hasEnded({ state }) && state !== 'succeeded';

/** `succeeded`, `failed (start)`, `was stopped (user)`. */
function pastOf({ state, reason }: RunRecord): string {
  const why = reason && reason !== 'exit' ? ` (${reason})` : '';
  return `${state === 'stopped' || state === 'lost' ? `was ${state}` : state}${why}`;
}

/** Its times are unknown: all of it counts as newer than any `--since`. */
const leftOutput = (folder: string, names: LogNames): Pick<JobAccess, 'log' | 'offset'> => ({
  async log(offset, _follow, { onStdout = () => {}, signal }) {
    await readLeftLog(folder, names, offset, onStdout, signal);
    return { kind: 'exited', code: 0, signal: null, stdout: '', stderr: '' };
  },
  offset: async (from) => ('tail' in from ? offsetOfLeftLog(folder, names, from.tail) : 0),
});
