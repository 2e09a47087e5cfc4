import { UserError } from '../errors.js';
import { type DeployedJob, isElsewhere } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import { type Command, command } from '../shell/command.js';
import type { Io } from '../shell/process.js';
import { programWordsOf } from '../tools/docker/command-line.js';
import { interactive } from '../tools/ssh/command-line.js';
import type { Experiment } from './experiment.js';
import { chosenRows, observe } from './observe.js';
import type { Session } from './session.js';

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

/** bash where it is. */
const aShell = 'command -v bash >/dev/null && exec bash || exec sh';

/** Opens the machine of a condition, or the container of its job.
 *  @returns the exit code of what ran there. @throws UserError if there is no such machine or container */
export async function openMachine(
  session: Session,
  experiment: Experiment,
  request: OpenRequest,
): Promise<number> {
  const about = ({ condition }: DeployedJob) => condition.startsWith(request.condition);
  const status = await observe(session, experiment, { about });
  const { deployment } = status;
  const [row] = chosenRows(status, [request.condition]);
  const job = deployment?.jobs.find(({ run }) => run === row?.record?.id);
  if (!deployment || deployment.released !== null || !row?.record || !job)
    throw new UserError(
      `${row?.condition ?? request.condition} is on no machine: there is no deployment with it.`,
      ['logistician deploy'],
    );
  const isHere = !deployment.machines.some(isElsewhere);
  if (isHere && !request.container)
    throw new UserError(`${row.condition} runs on this computer.`, [
      `logistician ssh ${row.condition} --container`,
    ]);
  if (request.container && (hasEnded(row.record) || row.record.state !== 'running'))
    throw new UserError(`${row.condition} has no container now: it is ${row.record.state}.`, [
      `logistician logs ${row.condition}`,
    ]);
  const there = request.container
    ? inContainer(deployment.docker, row.report?.state?.container ?? '', request)
    : request.command.length > 0
      ? command(...request.command)
      : null;
  const line =
    isHere && there
      ? there
      : interactive(experiment.deployments.sshConfig, row.condition, there, request.tty);
  const outcome = await session.executor.attempt(line, request.io);
  return outcome.code;
}

function inContainer(docker: string, container: string, { command: words, tty }: OpenRequest): Command {
  const run = words.length > 0 ? words : ['sh', '-c', aShell];
  const mode = ['--interactive', ...(tty ? ['--tty'] : [])];
  return command(...programWordsOf(docker), 'exec', ...mode, container, ...run);
}
