import type { Condition } from '../experiment/condition.js';
import type { SweepScript } from '../machines/job-script.js';
import type { MachineFacts } from '../machines/machine-facts.js';
import { currentUser } from '../machines/user.js';
import type { RunRecord } from '../runs/run-record.js';
import { renderCommand } from '../shell/command.js';
import { buildImage } from '../tools/docker/command-line.js';
import { fingerprint, type RunFacts } from './run-facts.js';
import { printedContainerLine } from './scripts.js';
import type { Session } from './session.js';

/** The receipt as it is before the run has begun. */
export function newRecord(
  session: Session,
  facts: RunFacts,
  condition: Condition,
  how: {
    id: string;
    deployment: string | null;
    target: string;
    machine: MachineFacts;
    live: boolean;
    sweep: SweepScript;
    folder: string;
  },
): RunRecord {
  const { experiment, pin, image } = facts;
  const { engine, user } = how.machine;
  const { parameters, project } = experiment;
  return {
    schema: 1,
    id: how.id,
    experiment: parameters.experimentName,
    experiment_path: experiment.path,
    deployment: how.deployment,
    folder: how.folder,
    condition: condition.id,
    argv: condition.argv,
    parameters: JSON.parse(condition.parameters) as Record<string, unknown>,
    source: {
      root: project.root,
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
      build_line: renderCommand(buildImage(parameters.dockerCommand, project.root, image)),
      id: null,
      base: facts.base,
    },
    container_line: printedContainerLine(
      how.sweep,
      how,
      condition,
      parameters.experimentCommand !== null,
      user,
    ),
    fingerprint: fingerprint(facts, condition),
    target: how.target,
    machine: {
      name: how.machine.name,
      cpus: engine.cpus,
      memory_bytes: engine.memory,
      architecture: engine.architecture,
    },
    slot: null,
    gpus: null,
    tools: { ...facts.tools, docker: engine.version },
    user: currentUser().name,
    created: session.now().toISOString(),
    state: 'pending',
    reason: null,
    exit_code: null,
    times: {},
    started: null,
    finished: null,
    kept: null,
    collected: null,
  };
}
