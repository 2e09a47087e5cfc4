import type { RunRow } from '../runs/rows/row.js';
import type { Value } from './value.js';

/** What tables and filters call the parts of a run itself. */
export interface Attribute {
  readonly of: (row: RunRow) => Value;
  readonly isTime?: boolean;
}

const text = (value: string | null): Value => value ?? undefined;

/** Seconds from the start of the container to its end. */
export function secondsOf({ started, finished }: Pick<RunRow, 'started' | 'finished'>): number | undefined {
  if (started === null || finished === null) return undefined;
  const seconds = (Date.parse(finished) - Date.parse(started)) / 1000;
  // Of a job that ends at once the engine's two times may be in the other order; where a clock jumped, it is not known.
  return seconds > -1 ? Math.max(0, seconds) : undefined;
}

/** By name, in the order in which tables show them. */
export const attributes: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ['id', { of: ({ run }) => run || undefined }],
  ['experiment', { of: ({ facts }) => text(facts.experiment) }],
  ['condition', { of: ({ condition }) => condition }],
  ['attempt', { of: ({ attempt }) => attempt || undefined }],
  ['state', { of: ({ state }) => (state === 'none' ? undefined : state) }],
  ['reason', { of: ({ reason }) => text(reason) }],
  ['exit_code', { of: ({ exit_code }) => exit_code ?? undefined }],
  ['created', { of: ({ created }) => text(created), isTime: true }],
  ['started', { of: ({ started }) => text(started), isTime: true }],
  ['finished', { of: ({ finished }) => text(finished), isTime: true }],
  ['seconds', { of: secondsOf }],
  ['commit', { of: ({ facts }) => text(facts.commit) }],
  ['branch', { of: ({ facts }) => text(facts.branch) }],
  ['snapshot', { of: ({ run, facts }) => (run === '' ? undefined : facts.snapshot) }],
  ['live', { of: ({ run, facts }) => (run === '' ? undefined : facts.live) }],
  ['target', { of: ({ facts }) => text(facts.target) }],
  ['machine', { of: ({ facts }) => text(facts.machine) }],
  ['gpu', { of: ({ facts }) => list(facts.gpu_names) }],
  ['image', { of: ({ facts }) => text(facts.image) }],
  ['base', { of: ({ facts }) => list(facts.bases) }],
  ['input', { of: ({ facts }) => list(Object.entries(facts.inputs).map(([name, id]) => `${name}=${id}`)) }],
  ['deployment', { of: ({ facts }) => text(facts.deployment) }],
  ['message', { of: ({ facts }) => text(facts.message) }],
  ['user', { of: ({ facts }) => text(facts.user) }],
  ['continues', { of: ({ continues }) => text(continues) }],
  ['came_from', { of: ({ came_from }) => text(came_from) }],
  ['note', { of: ({ notes }) => list(notes) }],
  ['tag', { of: ({ tags }) => list(tags) }],
]);

const list = (values: readonly string[]): Value => (values.length === 0 ? undefined : values);
