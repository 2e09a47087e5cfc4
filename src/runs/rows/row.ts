import { UserError } from '../../errors.js';
import { argumentValues } from '../../experiment/argument-values.js';
import type { RunState } from '../../machines/job-state.js';
import type { Measured } from '../measures/measured.js';
import type { Notes } from '../notes.js';
import type { RunRecord } from '../record.js';
import { conditionOfRun, timeOfRun } from '../run-id.js';

// Pure: a run as a row of tables, made of its receipt, its measures and its notes.

/** What many runs have in common, in one object for all of them. */
export interface RunFacts {
  readonly experiment: string | null;
  readonly deployment: string | null;
  readonly message: string | null;
  readonly user: string | null;
  readonly target: string | null;
  readonly machine: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly snapshot: boolean;
  /** It ran on the live working tree. */
  readonly live: boolean;
  /** One hash for the source files that count; null: written by 0.1. */
  readonly code: string | null;
  /** Id of the image that ran. */
  readonly image: string | null;
  /** Base images: a digest, or the id of one without. */
  readonly bases: readonly string[];
  /** Inputs by name: the hash of their contents, or else how they were recognised. */
  readonly inputs: Readonly<Record<string, string | null>>;
  readonly gpu_names: readonly string[];
}

/** The state of a run, or `unreadable`: there is something in place of its receipt; `none`: there is no run, but a
 * condition. */
export type RowState = RunState | 'unreadable' | 'none';

/** One run: an attempt at a condition. */
export interface RunRow extends Measured {
  /** Id of the run. */
  readonly run: string;
  /** Absolute path of the experiment that it is in. */
  readonly home: string;
  readonly facts: RunFacts;
  readonly condition: string;
  /** Which attempt at its condition it is, by the ids in the folder, from 1. */
  readonly attempt: number;
  readonly state: RowState;
  readonly reason: string | null;
  readonly exit_code: number | null;
  readonly created: string | null;
  readonly started: string | null;
  readonly finished: string | null;
  /** The run from whose state it continued. */
  readonly continues: string | null;
  /** The run that it repeats. */
  readonly came_from: string | null;
  readonly argv: readonly string[];
  /** Arguments by name: their words as written. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** JSON text of the keys and values of parameters.json. */
  readonly parameters: string;
  readonly notes: readonly string[];
  readonly tags: readonly string[];
  /** What of it could not be read, a sentence each. */
  readonly problems: readonly string[];
}

/** A row as it is kept: without what depends on where it is, and on other runs. */
export type StoredRow = Omit<RunRow, 'home' | 'attempt'>;

// There may be many runs, and to spread an object takes longer than all else here: each field is named.

/** @param problems those of measures */
export function rowOf(
  record: RunRecord,
  { summary, values, series }: Measured,
  { notes, tags }: Notes,
  problems: readonly string[],
): StoredRow {
  const { condition } = record.recipe;
  return {
    run: record.id,
    facts: factsOf(record),
    condition: record.condition,
    state: record.state,
    reason: record.reason,
    exit_code: record.exit_code,
    created: record.created,
    started: record.started,
    finished: record.finished,
    continues: record.recipe.continues?.run ?? null,
    came_from: record.came_from?.run ?? null,
    argv: condition.argv,
    words: wordsOf(condition),
    parameters: condition.parameters,
    summary,
    values,
    series,
    notes: notes.map(({ text }) => text),
    tags,
    problems,
  };
}

/** Of an edited receipt, the keys may not be JSON any more: the words count then. */
function wordsOf({ argv, parameters }: RunRecord['recipe']['condition']): StoredRow['words'] {
  try {
    return Object.fromEntries(argumentValues({ argv, parameters }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return Object.fromEntries(argumentValues({ argv, parameters: '{}' }));
  }
}

function factsOf(record: RunRecord): RunFacts {
  const { image, recipe } = record;
  const { source } = recipe;
  return {
    experiment: record.experiment,
    deployment: record.deployment,
    message: record.message ?? null,
    user: record.user,
    target: record.target,
    machine: record.machine.name,
    commit: source.commit,
    branch: source.branch,
    snapshot: source.snapshot,
    live: source.live,
    code: source.code?.id ?? source.id,
    image: image.id,
    bases: image.base.map(({ id, digests }) => digests[0] ?? id),
    inputs: inputsOf(recipe.inputs),
    gpu_names: record.gpu_names,
  };
}

const noInputs: RunFacts['inputs'] = {};

function inputsOf(inputs: RunRecord['recipe']['inputs']): RunFacts['inputs'] {
  const all = Object.entries(inputs);
  return all.length === 0
    ? noInputs
    : Object.fromEntries(all.map(([name, { hash, id }]) => [name, hash ?? id]));
}

const noFacts: RunFacts = {
  experiment: null,
  deployment: null,
  message: null,
  user: null,
  target: null,
  machine: null,
  commit: null,
  branch: null,
  snapshot: false,
  live: false,
  code: null,
  image: null,
  bases: [],
  inputs: {},
  gpu_names: [],
};

/** The row of a run without a receipt that can be read.
 * @param run the name of its folder. @param problem a sentence */
export const unreadableRow = (run: string, problem: string): StoredRow => ({
  run,
  facts: noFacts,
  condition: conditionOfRun(run) ?? '',
  state: 'unreadable',
  reason: null,
  exit_code: null,
  created: timeOfRun(run)?.toISOString() ?? null,
  started: null,
  finished: null,
  continues: null,
  came_from: null,
  argv: [],
  words: {},
  parameters: '{}',
  summary: null,
  values: {},
  series: {},
  notes: [],
  tags: [],
  problems: [problem],
});
