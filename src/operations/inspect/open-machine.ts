import { ownLine, UserError } from '../../errors.js';
import { couldMean, type Selection } from '../../experiment/select.js';
import type { DeployedJob } from '../../runs/deployment.js';
import { jobOf } from '../../runs/placement.js';
import { hasEnded } from '../../runs/record.js';
import type { Io } from '../../shell/process.js';
import { chosenRow } from '../look/chosen.js';
import { observe } from '../look/observe.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';

export interface OpenRequest {
  /** Selects exactly one condition. */
  readonly condition: Selection;
  /** Open its container rather than the machine. */
  readonly container: boolean;
  /** The command to run there; empty: a shell. */
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly io: Io;
}

/** Opens the machine of a condition, or the container of its job.
 * @returns the exit code of that command. @throws UserError if there is no such machine or container */
export async function openMachine(
  session: Session,
  records: ExperimentRecords,
  request: OpenRequest,
): Promise<number> {
  const { names, where } = request.condition;
  const about = ({ condition }: DeployedJob) =>
    where !== null || names.some((name) => couldMean(name, condition));
  const status = await observe(session, records, { about });
  const { deployment } = status;
  const row = chosenRow(status, request.condition);
  const job = deployment && jobOf(deployment, row.record?.id);
  if (deployment?.released !== null || !row.record || !job)
    throw new UserError(`${row.condition} is on no machine: no deployment contains it.`, [ownLine('deploy')]);
  const { record, report } = row;
  if (request.container && (hasEnded(record) || record.state !== 'running'))
    throw new UserError(`${row.condition} has no container now: it is ${record.state}.`, [
      ownLine('logs', [row.condition]),
    ]);
  const container = request.container ? (report?.state?.container ?? '') : null;
  const target = await targetOf(session, records, deployment);
  const access = target.job(deployment, job.run);
  const outcome = await session.executor.attempt(
    access.enter(container, request.command, request.tty),
    request.io,
  );
  return outcome.code;
}
