import { conditionFromText } from '../../src/experiment/condition.js';
import type { RunRecord } from '../../src/runs/run-record.js';

const zeros = (count: number) => '0'.repeat(count);

/** A sound receipt of a run with these arguments that has succeeded, but for the changes. */
export function recordOf(options: string, changes: Partial<RunRecord> = {}): RunRecord {
  const { id: condition, argv } = conditionFromText(options);
  const id = changes.id ?? `20261120-120000000-${condition}`;
  const at = (second: number) => `2026-11-20T12:00:0${second}Z`;
  return {
    schema: 1,
    id,
    experiment: 'e1',
    experiment_path: 'experiments/one',
    deployment: null,
    folder: `/home/researcher/project/experiments/one/runs/${id}`,
    condition,
    argv,
    parameters: {},
    source: {
      root: '/home/researcher/project',
      commit: zeros(40),
      tree: zeros(40),
      branch: 'main',
      remote: null,
      pushed: false,
      snapshot: false,
      live: false,
      edited_during_run: null,
      left_out: [],
    },
    command: 'sh job.sh',
    environment: {},
    secrets: [],
    docker_run_args: [],
    inputs: {},
    max_hours: 24,
    parameters_file: '{}',
    image: {
      tag: `logistician/e1:${zeros(16)}`,
      context_tree: zeros(40),
      dockerfile: 'Dockerfile',
      build_line: 'git archive | docker build -',
      id: `sha256:${zeros(64)}`,
      base: [],
    },
    container_line: 'docker run x',
    fingerprint: zeros(64),
    target: 'local',
    machine: { name: 'laptop', cpus: 2, memory_bytes: 2 ** 30, architecture: 'x86_64' },
    slot: null,
    gpus: null,
    tools: { logistician: '0.1.0', node: '20.17.0', docker: '20.10.24', git: '2.39.5' },
    user: 'researcher',
    created: at(0),
    state: 'succeeded',
    reason: null,
    exit_code: 0,
    times: { pending: at(0), running: at(1), succeeded: at(3) },
    started: at(1),
    finished: at(3),
    kept: null,
    collected: null,
    ...changes,
  };
}
