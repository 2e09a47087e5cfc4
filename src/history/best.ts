import { UserError } from '../errors.js';
import { count } from '../phrases.js';
import { flat } from '../runs/measures/series.js';
import type { RunRow } from '../runs/rows/row.js';
import { type Field, type Fields, written } from './fields.js';
import { type GroupBy, grouped, groupFields, numbersOf, type Summed, summed } from './group.js';
import { type Name, readName } from './name.js';
import { Tokens, WrongQuery } from './tokens.js';
import { numberOf } from './value.js';

// Pure: which runs are the best, by which measure, and which runs that says nothing of.

export type Goal = 'maximize' | 'minimize';

/** What an experiment is after. */
export interface Objective {
  /** The name of a measure. */
  readonly name: string;
  readonly goal: Goal;
}

/** Names of measures of which less is better, as words. */
const smallIsGood =
  /(^|[^a-z])(loss|nll|err|error|errors|mse|rmse|mae|mape|perplexity|ppl|bpc|wer|cer|fid|regret|cost|time|seconds|latency|memory)([^a-z]|$)/i;

/** What is better of a measure for which no goal is set: by its name. */
export const goalOf = (name: string): Goal => (smallIsGood.test(name) ? 'minimize' : 'maximize');

export interface BestRequest {
  /** As written; null: the objective, or else the first number of a summary. */
  readonly by: string | null;
  readonly goal: Goal | null;
  /** Arguments over which a mean is taken, such as `seed`; null: single runs. */
  readonly over: string | null;
  readonly objective: Objective | null;
}

/** One run, or runs that differ in the arguments over which a mean is taken. */
export interface Ranked {
  readonly rows: readonly RunRow[];
  readonly value: number;
  readonly summed: Summed;
  /** From 1; those with the same value have the same rank. */
  readonly rank: number;
}

export interface Ranking {
  readonly field: Field;
  readonly goal: Goal;
  /** Nothing says which goal it is: its name was judged. */
  readonly isGuessed: boolean;
  /** The best first. */
  readonly ranked: readonly Ranked[];
  /** How many of the runs are not in it: they have not succeeded, have no such measure, have another value than a
   * number, or NaN. */
  readonly leftOut: Readonly<Record<'unsuccessful' | 'missing' | 'text' | 'nan', number>>;
}

/** There is no run to choose from. */
export class NoneFits extends UserError {
  /** @param all how many runs there are */
  constructor(all: number) {
    super(all > 0 ? `None of ${count(all, 'run')} fits.` : 'Nothing has run yet.');
  }
}

/** @throws WrongQuery, also if no run has a number; NoneFits */
export function ranking(rows: readonly RunRow[], fields: Fields, request: BestRequest): Ranking {
  if (rows.length === 0) throw new NoneFits(fields.rows.length);
  const name = request.by ?? request.objective?.name ?? firstNumber(rows);
  if (name === null) throw new WrongQuery('No run has a measure that is a number.');
  const field = measureNamed(name, fields, request);
  const isObjective = request.objective?.name === name;
  const goal = request.goal ?? (isObjective ? request.objective?.goal : null) ?? goalOf(name);
  const succeeded = rows.filter(({ state }) => state === 'succeeded');
  const valued = succeeded.map((row) => ({ row, value: field.of(row) }));
  const numbers = valued.filter(({ value }) => numberOf(field, value) !== null);
  const fit = numbers.filter(({ value }) => !Number.isNaN(numberOf(field, value)));
  const missing = valued.filter(({ value }) => value === undefined || value === null).length;
  return {
    field,
    goal,
    isGuessed: request.goal === null && !isObjective,
    ranked: ranked(
      groupsOf(
        fit.map(({ row }) => row),
        fields,
        request.over,
      ),
      field,
      goal,
    ),
    leftOut: {
      unsuccessful: rows.length - succeeded.length,
      missing,
      text: succeeded.length - missing - numbers.length,
      nan: numbers.length - fit.length,
    },
  };
}

function measureNamed(text: string, fields: Fields, { by }: BestRequest): Field {
  const flag = by === null ? '"objective"' : '--by';
  const tokens = new Tokens(flag, by === null ? written(text) : text);
  const name: Name = readName(tokens);
  if (!tokens.isAtEnd) tokens.fail('the end');
  // What is looked for is a measure, also where an argument has its name.
  const isMeasure = name.space === null && fields.measures.includes(name.name);
  return fields.find(isMeasure ? { ...name, space: 'measure' } : name, flag);
}

/** The first number that the newest summary has; without one, the first measure that is a number. */
function firstNumber(rows: readonly RunRow[]): string | null {
  const succeeded = rows.filter(({ state }) => state === 'succeeded');
  const isNumber = ([, value]: readonly [string, unknown]) => typeof value === 'number';
  for (const { summary } of succeeded.toReversed()) {
    const found = summary && flat(summary).find(isNumber);
    if (found) return found[0];
  }
  for (const { values, series } of succeeded.toReversed()) {
    const found = Object.entries(values).find(isNumber)?.[0];
    const [first] = Object.values(series);
    const column = Object.entries(first?.columns ?? {}).find(
      ([name, { last }]) => name !== first?.step && typeof last === 'number',
    );
    if (found ?? column) return found ?? column?.[0] ?? null;
  }
  return null;
}

/** Single runs; or those that have all the same but what is left out, the code included. */
function groupsOf(rows: readonly RunRow[], fields: Fields, over: string | null): (readonly RunRow[])[] {
  if (over === null) return rows.map((row) => [row]);
  const by: GroupBy = { ...readNamesOver(over), isAllBut: true };
  const code: Field = { ...fields.argument(''), of: ({ facts }) => facts.code ?? facts.commit };
  const home: Field = { ...code, of: (row) => row.home };
  return grouped(rows, [home, code, ...groupFields(by, fields, '--over')]).map((group) => group.rows);
}

function readNamesOver(text: string): Pick<GroupBy, 'names'> {
  const tokens = new Tokens('--over', text);
  const names: Name[] = [];
  do {
    const name = readName(tokens);
    names.push({ ...name, space: name.space ?? 'argument' });
  } while (tokens.take(','));
  if (!tokens.isAtEnd) tokens.fail('a comma or the end');
  return { names };
}

function ranked(groups: readonly (readonly RunRow[])[], field: Field, goal: Goal): Ranked[] {
  const sign = goal === 'maximize' ? -1 : 1;
  const valued = groups.flatMap((rows) => {
    const sums = summed(numbersOf(rows, field));
    return sums ? [{ rows, summed: sums, value: sums.mean }] : [];
  });
  const sorted = valued.sort((one, other) => sign * order(one.value, other.value));
  let rank = 1;
  return sorted.map((one, at) => {
    if (sorted[at - 1]?.value !== one.value) rank = at + 1;
    return { ...one, rank };
  });
}

/** Also of two infinities, whose difference is NaN. */
const order = (one: number, other: number): number => (one === other ? 0 : one < other ? -1 : 1);
