import { existsSync, statfsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { littleSpace } from '../../machines/survey.js';
import { count } from '../../phrases.js';
import { command } from '../../shell/command.js';
import type { Outcome } from '../../shell/process.js';
import { installLines } from '../../shell/programs.js';
import { pasteable } from '../../shell/word.js';
import { findRepository } from '../../source/project.js';
import { targetOfHosts } from '../../targets/registry.js';
import type { Need } from '../../targets/target.js';
import { Engine } from '../../tools/docker/engine.js';
import type { Machines } from '../deploy/request.js';
import type { Experiment } from '../experiment.js';
import { openExperiment } from '../experiment.js';
import { readExperiment } from '../read-experiment.js';
import { storesOf, targetCalled } from '../records.js';
import type { Session } from '../session.js';
import { bad, type Finding, good, warning } from './finding.js';

/** Looks at all that logistician stands on: here, and in the folder if it is an experiment. Changes nothing. */
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
    await program(session, 'git', ['--version'], 'bad'),
    ...(await docker(session)).map((finding) => (buildsHere ? finding : asWarning(finding))),
    await program(session, 'ssh', ['-V'], overSsh),
    await program(session, 'rsync', ['--version'], overSsh),
    key(session, needs.has('key')),
    memoryForSecrets(),
    disk(existsSync(folder) ? folder : session.home),
    await repository(folder),
    ...(opened ? [opened.finding] : []),
    ...(target && parameters ? await target.examine({ parameters, ...asTheFileSays }, false) : []),
  ];
}

/** Looks over SSH at all that the machines of an experiment need. Changes nothing on them.
 *  @throws NoHosts, NoExperiment, InvalidParameters */
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

/** Images are built where jobs run, and this computer needs no Docker for that. */
const asWarning = (finding: Finding): Finding =>
  finding.state === 'bad'
    ? { ...finding, state: 'warning', detail: `${finding.detail}; only \`run\` and \`build\` need it here` }
    : finding;

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 17)
    ? good('Node.js', process.versions.node)
    : bad('Node.js', `${process.versions.node} is too old: 20.17 or later is needed`, 'nvm install --lts');
}

async function program(
  session: Session,
  name: string,
  args: readonly string[],
  weight: 'bad' | 'warning',
): Promise<Finding> {
  const outcome = await session.executor.query(command(name, ...args));
  if (outcome.code === 0) return good(name, (outcome.stdout || outcome.stderr).split('\n')[0] ?? '');
  if (outcome.beyond) return { what: name, state: weight, detail: silent(outcome), mend: [] };
  const use =
    weight === 'warning' ? 'not installed; only machines other than this one need it' : 'not installed';
  return { what: name, state: weight, detail: use, mend: installLines(name, session.env.PATH) };
}

const silent = ({ kind, beyond }: Outcome) => `${kind === 'timeout' ? 'did not answer' : 'wrote'} ${beyond}`;

async function docker(session: Session): Promise<Finding[]> {
  const client = await program(session, 'docker', ['--version'], 'bad');
  if (client.state === 'bad') return [client];
  const engine = new Engine(session.executor, 'docker', session.env);
  try {
    const facts = await engine.facts();
    const memory = (facts.memory / 2 ** 30).toFixed(1);
    const gpus = facts.hasNvidia ? 'with NVIDIA GPUs' : 'no GPU runtime';
    const answer = good('Docker Engine', `${facts.version}, ${facts.cpus} CPUs, ${memory} GiB, ${gpus}`);
    return [client, answer, await buildKit(session), await leftovers(engine)];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [client, bad('Docker Engine', error.message, ...error.suggestions)];
  }
}

async function buildKit(session: Session): Promise<Finding> {
  const outcome = await session.executor.query(command('docker', 'buildx', 'version'));
  if (outcome.code === 0) return good('BuildKit', outcome.stdout.split('\n')[0] ?? '');
  if (outcome.beyond) return warning('BuildKit', silent(outcome));
  const lacks = 'not there: builds work, but not "RUN --mount" and what else is new in Dockerfiles';
  return warning('BuildKit', lacks, ...installLines('docker-buildx', session.env.PATH));
}

/** Secrets are in memory while a job runs, and nowhere else. */
function memoryForSecrets(): Finding {
  return existsSync('/dev/shm')
    ? good('secrets', 'in memory, under /dev/shm')
    : warning('secrets', 'there is no /dev/shm: jobs with "secrets" cannot run here');
}

async function leftovers(engine: Engine): Promise<Finding> {
  const ended = await engine.containers('logistician.run', 'exited');
  if (ended.length === 0) return good('leftovers', 'no ended container of a run');
  const names = ended.map((id) => id.slice(0, 12));
  return warning('leftovers', `${ended.length} ended containers of runs`, `docker rm ${names.join(' ')}`);
}

/** @param isNeeded rented machines know no other */
function key(session: Session, isNeeded: boolean): Finding {
  const path = join(session.home, '.logistician', 'ssh-key');
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found && isNeeded)
    return bad('SSH key', 'none of our own yet, with which rented machines are reached', 'logistician setup');
  if (!found)
    return warning(
      'SSH key',
      'none of our own yet; machines that take a key of yours, by ~/.ssh/config or an agent, need none',
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
