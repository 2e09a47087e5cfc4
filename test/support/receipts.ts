import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { conditionFromText } from '../../src/experiment/condition.js';
import type { Recipe } from '../../src/recipe/recipe.js';
import type { RunRecord } from '../../src/runs/record.js';
import schema from '../../src/runs/record.schema.json' with { type: 'json' };

const zeros = (count: number) => '0'.repeat(count);

/** A recipe for these arguments, but for the changes. */
export function recipeOf(options: string, changes: Partial<Recipe> = {}): Recipe {
  const { id, argv } = conditionFromText(options);
  return {
    experiment: { name: 'e1', path: 'experiments/one' },
    condition: { id, argv, parameters: '{}' },
    source: {
      root: '/home/researcher/project',
      commit: zeros(40),
      tree: zeros(40),
      id: zeros(64),
      branch: 'main',
      remote: null,
      pushed: false,
      snapshot: false,
      live: false,
      left_out: [],
    },
    image: {
      tag: `logistician/e1:${zeros(16)}`,
      context: 'experiment',
      context_tree: zeros(40),
      dockerfile: 'Dockerfile',
      left_out: 'parameters.json',
      labels: { 'logistician.experiment': 'e1' },
      bases: ['debian:bookworm-slim'],
    },
    command: 'sh job.sh',
    environment: {},
    secrets: [],
    inputs: {},
    docker_run_args: [],
    max_hours: 24,
    gpus: 'auto',
    ...changes,
  };
}

/** A sound receipt of a run with these arguments that has succeeded, but for the changes. */
export function receiptOf(options: string, changes: Partial<RunRecord> = {}): RunRecord {
  const recipe = recipeOf(options);
  const condition = recipe.condition.id;
  const id = changes.id ?? `20261120-120000000-${condition}`;
  const at = (second: number) => `2026-11-20T12:00:0${second}Z`;
  return {
    schema: 2,
    id,
    experiment: 'e1',
    condition,
    deployment: null,
    created: at(0),
    user: 'researcher',
    recipe,
    fingerprint: zeros(64),
    target: 'local',
    folder: `/home/researcher/project/experiments/one/runs/${id}`,
    machine: { name: 'laptop', cpus: 2, memory_bytes: 2 ** 30, architecture: 'x86_64' },
    build_line: 'git archive | docker build -',
    container_line: 'docker run x',
    tools: { logistician: '0.2.0', node: '20.17.0', git: '2.39.5' },
    engine: { name: 'docker', version: '20.10.24' },
    image: { id: `sha256:${zeros(64)}`, base: [] },
    state: 'succeeded',
    reason: null,
    exit_code: 0,
    times: { pending: at(0), running: at(1), succeeded: at(3) },
    started: at(1),
    finished: at(3),
    kept: null,
    slot: null,
    gpus: null,
    gpu_names: [],
    driver: null,
    edited_during_run: null,
    collected: null,
    collected_data: null,
    ...changes,
  };
}

export const fixtures = [
  'succeeded',
  'failed',
  'live',
  'snapshot',
  'stopped',
  'pending',
  'hosts',
  'aws',
] as const;

/** A receipt that version 0.1 wrote, byte for byte; `hosts` and `aws` are made from one of them by hand. */
export const fixture = (name: (typeof fixtures)[number] | 'deployment'): string =>
  readFileSync(new URL(`../fixtures/receipts-0.1/${name}.json`, import.meta.url), 'utf8');

type Node = { type?: unknown; properties?: object; [key: string]: unknown };

/** The schema with no room for fields that it does not know: what we write has none. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)])) as Node;
  const takesFields = inner.type && inner.properties;
  return takesFields ? { ...inner, additionalProperties: false } : inner;
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
const validate = ajv.compile(closed(schema) as object);

/** What is wrong with a receipt by its schema, fields that it does not know included. */
export function receiptProblems(value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}

/** The receipt at the path. @throws Error if it is none by its schema */
export function expectReceipt(path: string): RunRecord {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const problems = receiptProblems(record);
  if (problems.length > 0) throw new Error(`${path} is no sound receipt:\n${problems.join('\n')}`);
  return record as RunRecord;
}
