import { joinWords } from '../experiment/words.js';
import type { RunRecord } from '../runs/record.js';
import type { RunRow } from '../runs/rows/row.js';
import { Fields } from './fields.js';
import type { Value } from './value.js';
import { numberOf } from './value.js';

// Pure: in what runs differ, side by side.

/** One line of a comparison: a value a run; null: a run has none. */
export interface Compared {
  /** `argument`, `code`, `image`, `machine` …; `measure`. */
  readonly part: string;
  readonly name: string;
  readonly values: readonly (string | null)[];
  readonly isSame: boolean;
}

export interface ComparedMeasure {
  readonly name: string;
  readonly values: readonly Value[];
  readonly isSame: boolean;
  /** From the first run: of numbers, one less the other; null: one is no number. */
  readonly differences: readonly ({ readonly absolute: number; readonly relative: number | null } | null)[];
}

export interface Comparison {
  readonly inputs: readonly Compared[];
  readonly measures: readonly ComparedMeasure[];
}

/** Of two runs at least, in the order in which they were named. */
export function compared(records: readonly RunRecord[], rows: readonly RunRow[]): Comparison {
  const inputs = [
    ...linesOf('argument', rows.map(argumentsOf)),
    ...parts.flatMap(({ name, of }) => linesOf(name, records.map(of))),
  ];
  return { inputs, measures: measuresOf(rows) };
}

/** Words without a name are compared as a whole. */
function argumentsOf({ words, argv }: RunRow): Entries {
  const named = Object.entries(words).map(([name, values]) => [name, joinWords(values)] as const);
  return named.length > 0 ? named : [['argv', joinWords(argv)]];
}

function linesOf(part: string, all: readonly Entries[]): Compared[] {
  const maps = all.map((entries) => new Map(entries));
  const names = new Set(maps.flatMap((values) => [...values.keys()]));
  return [...names].map((name) => {
    const values = maps.map((one) => one.get(name) ?? null);
    return { part, name, values, isSame: new Set(values).size === 1 };
  });
}

type Entries = (readonly [string, string | null])[];

/** What went into a run, in the order in which it is shown. */
const parts: readonly { readonly name: string; readonly of: (record: RunRecord) => Entries }[] = [
  {
    name: 'code',
    of: ({ recipe: { source } }) => [
      ['commit', source.commit],
      ['branch', source.branch],
      ['tree', source.tree],
      ['live working tree', source.live ? 'yes' : 'no'],
    ],
  },
  {
    name: 'recipe',
    of: ({ recipe }) => [
      ['experiment_command', recipe.command],
      ['docker_run_args', recipe.docker_run_args.length > 0 ? joinWords(recipe.docker_run_args) : null],
      ['max_hours', String(recipe.max_hours)],
      ['gpus', String(recipe.gpus)],
      ['continues', recipe.continues?.run ?? null],
    ],
  },
  { name: 'environment', of: ({ recipe }) => Object.entries(recipe.environment) },
  {
    name: 'input',
    of: ({ recipe }) => Object.entries(recipe.inputs).map(([name, { hash, id }]) => [name, hash ?? id]),
  },
  {
    name: 'image',
    of: ({ image, recipe }) => [
      ['image', image.id],
      ['context', recipe.image.context_tree],
      ...image.base.map(({ name, id, digests }) => [name, digests[0] ?? id] as const),
    ],
  },
  {
    name: 'machine',
    of: ({ target, machine, gpu_names: gpus, driver, engine }) => [
      ['target', target],
      ['machine', machine.name],
      ['processors', machine.cpus === null ? null : String(machine.cpus)],
      ['memory_bytes', machine.memory_bytes === null ? null : String(machine.memory_bytes)],
      ['architecture', machine.architecture],
      ['GPUs', gpus.length > 0 ? gpus.join(', ') : null],
      ['driver', driver],
      ['engine', engine && `${engine.name} ${engine.version}`],
    ],
  },
  { name: 'tool', of: ({ tools }) => Object.entries(tools) },
];

function measuresOf(rows: readonly RunRow[]): ComparedMeasure[] {
  const fields = new Fields(rows);
  const { steps } = fields;
  const names = fields.measures.filter((name) => !steps.has(name));
  return names.map((name) => {
    const field = fields.measure(name);
    const values = rows.map((row) => field.of(row));
    const [first] = values;
    const numbers = values.map((value) => numberOf(field, value));
    const differences = numbers.map((number) => difference(numbers[0] ?? null, number));
    return { name, values, differences, isSame: values.every((value) => Object.is(value, first)) };
  });
}

function difference(from: number | null, to: number | null): ComparedMeasure['differences'][number] {
  if (from === null || to === null) return null;
  const absolute = to - from;
  return { absolute, relative: from === 0 ? null : absolute / Math.abs(from) };
}
