import { ownLine, UserError } from '../../errors.js';
import type { DeployedJob } from '../../runs/deployment.js';
import { jobOf } from '../../runs/placement.js';
import { hasEnded } from '../../runs/record.js';
import type { Io } from '../../shell/process.js';
import { chosenRows, observe } from '../look/observe.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';

export interface OpenRequest {
  /** A condition's id, or the beginning of it. */
  readonly condition: string;
  /** Its container rather than the machine. */
  readonly container: boolean;
  /** What to run there; empty: a shell. */
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly io: Io;
}

/** Opens the machine of a condition, or the container of its job.
 *  @returns the exit code of what ran there. @throws UserError if there is no such machine or container */
export async function openMachine(
  session: Session,
  records: ExperimentRecords,
  request: OpenRequest,
): Promise<number> {
  const about = ({ condition }: DeployedJob) => condition.startsWith(request.condition);
  const status = await observe(session, records, { about });
  const { deployment } = status;
  const [row] = chosenRows(status, [request.condition]);
  const job = deployment && jobOf(deployment, row?.record?.id);
  if (deployment?.released !== null || !row?.record || !job)
    throw new UserError(
      `${row?.condition ?? request.condition} is on no machine: there is no deployment with it.`,
      [ownLine('deploy')],
    );
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
