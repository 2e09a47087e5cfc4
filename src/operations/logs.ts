import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { NotThereYet, Unreachable } from '../tools/ssh/errors.js';
import { type Experiment, runnerTemplate } from './experiment.js';
import { type ConditionStatus, chosenRows, isHome, isOfSweep, observe } from './observe.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** How long until a machine that was lost is asked again. */
const retrySeconds = 2;

export interface LogRequest {
  /** Condition ids or beginnings of them; empty: all. */
  readonly conditions: readonly string[];
  readonly follow: boolean;
  readonly from: { readonly since: Date } | { readonly tail: number } | null;
  readonly signal: AbortSignal;
}

/** Hands over the output of the newest run of each condition, by bytes: nothing is lost or repeated, and no more is
 *  read before what `receive` promises has come about.
 *  Followed, it ends when the last of them has ended.
 *  @throws UserError if none of them has a run */
export async function logs(
  session: Session,
  experiment: Experiment,
  request: LogRequest,
  receive: (condition: string, chunk: Buffer) => unknown,
): Promise<void> {
  // What runs elsewhere is asked for its output at once.
  const about = ({ machine }: DeployedJob, { machines }: Deployment) =>
    machines.some(({ name, route }) => name === machine && route === null);
  let status = await observe(session, experiment, { about });
  const chosen = chosenRows(status, request.conditions).filter((row) => row.record !== null);
  // Without a name: the sweep; what was only tried out by `run`, if there is nothing else.
  const sweep = chosen.filter((row) => request.conditions.length > 0 || isOfSweep(row));
  const rows = sweep.length > 0 ? sweep : chosen;
  if (rows.length === 0)
    throw new UserError('Nothing has run here yet, so there is no output.', ['logistician run']);
  // Followed, they come as they come; else one after the other.
  const away = new Set<string>();
  let looking: Promise<void> | null = null;
  if (request.follow) await Promise.all(rows.map(show));
  else for (const row of rows) await show(row);

  async function show(row: ConditionStatus): Promise<void> {
    const run = row.record?.id ?? '';
    let offset = request.from ? null : 0;
    const onStdout = (chunk: Buffer) => {
      offset = (offset ?? 0) + chunk.length;
      away.delete(run);
      return receive(row.condition, chunk);
    };
    for (;;) {
      try {
        const { machine, folder } = placeOf(run);
        if (request.from) offset ??= await machine.offset(folder, request.from);
        const follow = request.follow && !isGone(run);
        const { code } = await machine.log(folder, offset ?? 0, follow, { onStdout, signal: request.signal });
        if (code === 0 || !follow || request.signal.aborted) return;
        // There is no runner: nothing has been delivered.
        throw new NotThereYet(row.condition);
      } catch (error) {
        if (request.signal.aborted) return;
        if (!(error instanceof Unreachable && request.follow)) throw error;
        if (isGone(run)) {
          session.notify.warn(`${error.message} No more of its output can be had.`);
          return;
        }
        if (error instanceof NotThereYet)
          session.notify.warn('Machines are not there yet. Their output comes when they are.');
        else if (!away.has(run))
          session.notify.warn(`${error.message} Its output goes on from here when it answers again.`);
        away.add(run);
        await sleep(retrySeconds * 1000, undefined, { signal: request.signal }).catch(() => {});
        if (request.signal.aborted) return;
        await lookAgain();
      }
    }
  }

  /** Jobs get other places: a machine comes about, or is given back when its data is home. */
  async function lookAgain(): Promise<void> {
    looking ??= observe(session, experiment, { about: (job) => away.has(job.run) })
      .then((now) => {
        status = now;
      })
      .finally(() => {
        looking = null;
      });
    await looking;
  }

  /** Its target knows how it ended, and no machine has more to say of it. */
  function isGone(run: string): boolean {
    const record = experiment.runs.read(run);
    return record?.state === 'lost' || record?.reason === 'capacity';
  }

  function placeOf(run: string): { machine: Machine; folder: string } {
    const record = experiment.runs.read(run);
    const job = status.deployment?.jobs.find((one) => one.run === run);
    const home = record !== null && isHome(experiment.runs, record);
    if (status.deployment?.released === null && job && !home) {
      const target = targetOf(session, experiment, status.deployment.target);
      return { machine: target.placeOf(status.deployment, job).machine, folder: job.folder };
    }
    const machine = new Machine(session.executor, here(''), runnerTemplate(session));
    return { machine, folder: experiment.runs.pathOf(run) };
  }
}
