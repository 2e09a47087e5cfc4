import { existsSync, statfsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { here } from '../../machines/connection.js';
import { BrokenGpus, findGpus, linesForRuntime, withoutRuntime } from '../../machines/gpus.js';
import { littleSpace } from '../../machines/lacks.js';
import { count } from '../../phrases.js';
import { command } from '../../shell/command.js';
import { linesThatInstall } from '../../shell/programs.js';
import { pasteable } from '../../shell/word.js';
import { findRepository } from '../../source/project.js';
import { targetOfHosts } from '../../targets/registry.js';
import type { Need } from '../../targets/target.js';
import { Engine, type EngineFacts, engineUserWords } from '../../tools/docker/engine.js';
import type { Machines } from '../deploy/request.js';
import type { Experiment } from '../experiment.js';
import { openExperiment } from '../experiment.js';
import { readExperiment } from '../read-experiment.js';
import { storesOf, targetCalled } from '../records.js';
import type { Session } from '../session.js';
import { bad, type Finding, good, warning } from './finding.js';
import { git, node, program, rsync, silent } from './programs.js';

/** Checks everything that logistician needs: here, and in the folder if it is an experiment. Changes nothing. */
export async function examine(session: Session, folder: string): Promise<Finding[]> {
  const opened = existsSync(join(folder, 'parameters.json')) ? await experiment(session, folder) : null;
  const parameters = opened?.experiment?.parameters;
  const target =
    opened?.experiment && parameters
      ? await targetCalled(session, parameters.target, opened.experiment)
      : null;
  const needs: ReadonlySet<Need> = target?.needs ?? new Set(['docker']);
  const overSsh = needs.has('ssh') ? 'bad' : 'warning';
  const buildsHere = needs.has('docker') || parameters?.dockerImageTransport === 'ssh';
  return [
    node(),
    await git(session),
    ...(await docker(session)).map((finding) => (buildsHere ? finding : asWarning(finding))),
    await program(session, 'ssh', ['-V'], overSsh),
    await rsync(session, overSsh),
    key(session, needs.has('key')),
    memoryForSecrets(),
    disk(existsSync(folder) ? folder : session.home),
    await repository(folder),
    ...(opened ? [opened.finding] : []),
    ...(target && parameters ? await target.examine({ parameters, ...asTheFileSays }, false) : []),
  ];
}

/** Checks over SSH everything that the machines of an experiment need. Changes nothing on them. @throws NoHosts,
 * NoExperiment, InvalidParameters */
export async function examineMachines(
  session: Session,
  folder: string,
  machines: Machines,
): Promise<readonly Finding[]> {
  const { parameters } = readExperiment(resolve(folder));
  const target = await targetCalled(session, targetOfHosts, storesOf(session, resolve(folder)));
  return target.examine({ parameters, ...machines }, true);
}

const asTheFileSays: Machines = { hosts: null, trust: async () => false };

/** Images are built where jobs run, so this computer may lack Docker. */
const asWarning = (finding: Finding): Finding =>
  finding.state === 'bad'
    ? { ...finding, state: 'warning', detail: `${finding.detail}; only \`run\` and \`build\` need it here` }
    : finding;

async function docker(session: Session): Promise<Finding[]> {
  const client = await program(session, 'docker', ['--version'], 'bad');
  if (client.state === 'bad') return [client];
  const engine = new Engine(session.executor, 'docker', session.env);
  try {
    const facts = await engine.facts();
    const memory = (facts.memory / 2 ** 30).toFixed(1);
    const gpus = facts.hasNvidia ? 'with the NVIDIA runtime' : 'no GPU runtime';
    const version = `${facts.version}${engineUserWords[facts.users]}`;
    const answer = good('Docker Engine', `${version}, ${facts.cpus} CPUs, ${memory} GiB, ${gpus}`);
    return [
      client,
      answer,
      ...(await unusableGpus(session, facts)),
      await buildKit(session),
      await leftovers(engine),
    ];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [client, bad('Docker Engine', error.message, ...error.suggestions)];
  }
}

/** GPUs that do not work, or that Docker has no runtime for. */
async function unusableGpus({ executor }: Session, facts: EngineFacts): Promise<Finding[]> {
  try {
    const { beyond } = await findGpus(executor, here(''), facts, 'auto');
    if (beyond === 0) return [];
    return [warning('GPUs', withoutRuntime(beyond, 'the'), ...linesForRuntime)];
  } catch (error) {
    if (error instanceof BrokenGpus) return [bad('GPUs', error.message, ...error.suggestions)];
    throw error;
  }
}

async function buildKit(session: Session): Promise<Finding> {
  const outcome = await session.executor.query(command('docker', 'buildx', 'version'));
  if (outcome.code === 0) return good('BuildKit', outcome.stdout.split('\n')[0] ?? '');
  if (outcome.beyond) return warning('BuildKit', silent(outcome));
  const lacks = 'not installed: builds work, but "RUN --mount" and other new Dockerfile syntax does not';
  const ask = async (...argv: string[]) => (await session.executor.query(command(...argv))).stdout;
  const install = await linesThatInstall('docker-buildx', ask, session.env.PATH);
  return warning('BuildKit', lacks, ...install);
}

/** Secrets are kept in memory only, while a job runs. */
function memoryForSecrets(): Finding {
  return existsSync('/dev/shm')
    ? good('secrets', 'in memory, under /dev/shm')
    : warning('secrets', 'there is no /dev/shm: jobs with "secrets" cannot run here');
}

async function leftovers(engine: Engine): Promise<Finding> {
  const ended = await engine.containers('logistician.run', 'exited');
  if (ended.length === 0) return good('leftovers', 'no ended container of a run');
  const names = ended.map((id) => id.slice(0, 12));
  return warning(
    'leftovers',
    `${count(ended.length, 'ended container')} of runs`,
    `docker rm ${names.join(' ')}`,
  );
}

/** @param isNeeded rented machines accept no other key */
function key(session: Session, isNeeded: boolean): Finding {
  const path = join(session.home, '.logistician', 'ssh-key');
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found && isNeeded)
    return bad('SSH key', 'none yet; rented machines are reached with it', 'logistician setup');
  if (!found)
    return warning(
      'SSH key',
      'none yet; not needed for machines that accept a key of yours (~/.ssh/config or an agent)',
      'logistician setup',
    );
  if ((found.mode & 0o077) !== 0)
    return bad('SSH key', `${path} can be read by others`, pasteable`chmod 600 ${path}`);
  return good('SSH key', path);
}

function disk(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB free in ${folder}`;
  return free < littleSpace ? warning('disk', detail, 'docker system prune') : good('disk', detail);
}

async function repository(folder: string): Promise<Finding> {
  try {
    const { root, head } = await findRepository(folder);
    if (head) return good('repository', `${root} at ${head.slice(0, 10)}`);
    return bad(
      'repository',
      `${root} has no commits yet`,
      pasteable`git -C ${root} commit --allow-empty --message 'First commit'`,
    );
  } catch (error) {
    if (error instanceof UserError) return warning('repository', error.message, ...error.suggestions);
    throw error;
  }
}

async function experiment(
  session: Session,
  folder: string,
): Promise<{ finding: Finding; experiment: Experiment | null }> {
  try {
    const experiment = await openExperiment(session, folder);
    const { experimentName, conditions } = experiment.parameters;
    return {
      finding: good('experiment', `${experimentName}, ${count(conditions.length, 'condition')}`),
      experiment,
    };
  } catch (error) {
    if (error instanceof UserError)
      return { finding: bad('experiment', error.message, ...error.suggestions), experiment: null };
    throw error;
  }
}
