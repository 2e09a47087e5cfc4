import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { Unreachable } from '../tools/ssh/errors.js';
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
  const status = await observe(session, experiment, { about });
  const chosen = chosenRows(status, request.conditions).filter((row) => row.record !== null);
  // Without a name: the sweep; what was only tried out by `run`, if there is nothing else.
  const sweep = chosen.filter((row) => request.conditions.length > 0 || isOfSweep(row));
  const rows = sweep.length > 0 ? sweep : chosen;
  if (rows.length === 0)
    throw new UserError('Nothing has run here yet, so there is no output.', ['logistician run']);
  // Followed, they come as they come; else one after the other.
  if (request.follow) await Promise.all(rows.map(show));
  else for (const row of rows) await show(row);

  async function show(row: ConditionStatus): Promise<void> {
    const { machine, folder } = placeOf(row);
    let offset = request.from ? await machine.offset(folder, request.from) : 0;
    let lost = false;
    const onStdout = (chunk: Buffer) => {
      offset += chunk.length;
      lost = false;
      return receive(row.condition, chunk);
    };
    for (;;) {
      try {
        await machine.log(folder, offset, request.follow, { onStdout, signal: request.signal });
        return;
      } catch (error) {
        if (request.signal.aborted) return;
        if (!(error instanceof Unreachable && request.follow)) throw error;
        if (!lost)
          session.notify.warn(`${error.message} Its output goes on from here when it answers again.`);
        lost = true;
        await sleep(retrySeconds * 1000, undefined, { signal: request.signal }).catch(() => {});
        if (request.signal.aborted) return;
      }
    }
  }

  function placeOf(row: ConditionStatus): { machine: Machine; folder: string } {
    const run = row.record?.id ?? '';
    const job = status.deployment?.jobs.find((one) => one.run === run);
    const home = row.record !== null && isHome(experiment.runs, row.record);
    if (status.deployment?.released === null && job && !home) {
      const target = targetOf(session, experiment, status.deployment.target);
      return { machine: target.placeOf(status.deployment, job).machine, folder: job.folder };
    }
    const machine = new Machine(session.executor, here(''), runnerTemplate(session));
    return { machine, folder: experiment.runs.pathOf(run) };
  }
}
