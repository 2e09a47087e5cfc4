import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Condition } from '../experiment/condition.js';
import { containerLine, type JobScript, jobScript, known, type SweepScript } from '../machines/job-script.js';
import type { RunRecord } from '../runs/run-record.js';
import { bindCommand, command, renderCommand } from '../shell/command.js';
import type { Word } from '../shell/word.js';
import { type Pin, sourceId } from '../source/pin.js';
import { type ImagePlan, inside } from '../tools/docker/command-line.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import { baseImages } from './base-images.js';
import { type Experiment, inputFolders } from './experiment.js';
import type { Session } from './session.js';

/** What all runs of one experiment at one pin have in common. */
export interface RunFacts {
  readonly experiment: Experiment;
  readonly pin: Pin;
  readonly sourceId: string;
  readonly image: ImagePlan;
  readonly inputs: Readonly<Record<string, string>>;
  readonly engine: EngineFacts;
  readonly tools: RunRecord['tools'];
  readonly base: RunRecord['image']['base'];
}

export async function gatherFacts(
  session: Session,
  experiment: Experiment,
  pin: Pin,
  image: ImagePlan,
): Promise<RunFacts> {
  const engine = await experiment.engine.facts();
  const git = (await experiment.project.git.raw('version')).replace('git version', '').trim();
  return {
    experiment,
    pin,
    sourceId: await sourceId(experiment.project, pin.commit, experiment.parametersFile),
    image,
    inputs: inputFolders(experiment),
    engine,
    tools: { logistician: session.version, node: process.versions.node, docker: engine.version, git },
    base: await baseImages(experiment, image),
  };
}

/** What decides whether a condition has to run again: everything that goes into it, but not what came of it.
 *  The image is not part: two builds of one Dockerfile differ. */
export function fingerprint({ experiment, sourceId, inputs }: RunFacts, condition: Condition): string {
  const { parameters, path } = experiment;
  const parts = [
    sourceId,
    path,
    parameters.dockerBuildContext,
    parameters.experimentCommand,
    condition.argv,
    parameters.environment,
    parameters.dockerRunArgs,
    inputs,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The shared part of the job scripts. `project`, `data` and `home` are where the container finds them. */
export function sweepOf(
  { experiment, image, inputs }: RunFacts,
  places: { project: Word | null; data: Word; dataReadOnly?: boolean; deployment?: string },
): Pick<SweepScript, 'docker' | 'maxHours' | 'image' | 'container'> {
  const { parameters } = experiment;
  return {
    docker: parameters.dockerCommand,
    maxHours: parameters.maxHours,
    image,
    container: {
      image: image.tag,
      labels: {
        'logistician.experiment': parameters.experimentName,
        'logistician.run': known.run,
        ...(places.deployment && { 'logistician.deployment': places.deployment }),
      },
      project: places.project,
      data: places.data,
      dataReadOnly: places.dataReadOnly ?? false,
      home: [known.job, '/home'],
      inputs,
      secrets: parameters.secrets.length > 0 ? known.secrets : null,
      environment: parameters.environment,
      extraArgs: parameters.dockerRunArgs,
      experimentCommand: parameters.experimentCommand,
    },
  };
}

/** The job's own part of the script. Its container's name is the same each time for one job folder. */
export function scriptOf(record: RunRecord, condition: Condition, folder: string, gpus?: string): JobScript {
  return {
    run: record.id,
    containerName: containerName(record.id, folder),
    argv: record.command === null ? [] : condition.argv,
    options: condition.options,
    ...(gpus && { gpus }),
    configuration: configuration(record, condition),
  };
}

const containerName = (run: string, folder: string) =>
  `logistician-${run}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`;

/** The configuration file that a job may read, on one line; numbers of its parameters as they were written. */
function configuration(record: RunRecord, condition: Condition): string {
  const fixed = JSON.stringify({
    run: record.id,
    experiment: record.experiment,
    condition: condition.id,
    argv: condition.argv,
    input_directory: inside.input,
    output_directory: inside.output,
    measures_directory: inside.measures,
    summary_measures_path: inside.summary,
    state_directory: inside.state,
  });
  return `${fixed.slice(0, -1)},"parameters":${condition.parameters}}`;
}

/** The receipt as it is before the run has begun. */
export function newRecord(
  session: Session,
  facts: RunFacts,
  condition: Condition,
  how: {
    id: string;
    deployment: string | null;
    target: string;
    machine: string;
    live: boolean;
    sweep: SweepScript;
    folder: string;
  },
): RunRecord {
  const { experiment, pin, image, engine } = facts;
  const { parameters, project } = experiment;
  const user = userInfo();
  return {
    schema: 1,
    id: how.id,
    experiment: parameters.experimentName,
    experiment_path: experiment.path,
    deployment: how.deployment,
    condition: condition.id,
    argv: condition.argv,
    parameters: JSON.parse(condition.parameters) as Record<string, unknown>,
    source: {
      commit: pin.commit,
      tree: pin.tree,
      branch: project.branch,
      remote: project.remote,
      pushed: pin.pushed,
      snapshot: pin.snapshot,
      live: how.live,
      edited_during_run: null,
      left_out: pin.leftOut,
    },
    command: parameters.experimentCommand,
    environment: parameters.environment,
    secrets: parameters.secrets,
    docker_run_args: parameters.dockerRunArgs,
    inputs: facts.inputs,
    max_hours: parameters.maxHours,
    parameters_file: experiment.parametersText,
    image: {
      tag: image.tag,
      context_tree: image.tree,
      dockerfile: image.dockerfile,
      id: null,
      base: facts.base,
    },
    container_line: printedContainerLine(how.sweep, how, condition, parameters.experimentCommand !== null),
    fingerprint: fingerprint(facts, condition),
    target: how.target,
    machine: {
      name: how.machine,
      cpus: engine.cpus,
      memory_bytes: engine.memory,
      architecture: engine.architecture,
    },
    slot: null,
    gpus: null,
    tools: facts.tools,
    user: user.username,
    created: session.now().toISOString(),
    state: 'pending',
    reason: null,
    exit_code: null,
    times: {},
    started: null,
    finished: null,
    kept: null,
  };
}

/** `docker run …` as the runner will issue it on this machine, less mode and GPUs. */
function printedContainerLine(
  sweep: SweepScript,
  { id, folder }: { id: string; folder: string },
  condition: Condition,
  takesArgv: boolean,
): string {
  const user = userInfo();
  const values = {
    job: folder,
    run: id,
    name: containerName(id, folder),
    user_id: String(user.uid),
    group_id: String(user.gid),
    user_name: user.username,
    secrets: `/dev/shm/logistician-${user.uid}/${containerName(id, folder)}`,
  };
  const options = ['--env', `OPTIONS=${condition.options}`];
  const line = command(
    sweep.docker,
    'run',
    ...options,
    ...containerLine(sweep),
    ...(takesArgv ? condition.argv : []),
  );
  return renderCommand(bindCommand(line, values));
}

export const jobScriptText = (script: JobScript): string => jobScript(script);
