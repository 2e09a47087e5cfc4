import { nearest } from '../phrases.js';
import { flat, type Scalar, type SeriesColumn } from '../runs/measures/series.js';
import type { RunRow } from '../runs/rows/row.js';
import { attributes } from './attributes.js';
import { type Known, namesOf } from './known-names.js';
import { type Name, type Space, type Statistic, spaces } from './name.js';
import { WrongQuery } from './tokens.js';
import type { Value } from './value.js';

/** What a name means for all runs. */
export interface Field {
  readonly space: Space;
  /** The name alone, as the runs have it. */
  readonly name: string;
  /** The head of its column: as it was written, without a prefix. */
  readonly head: string;
  readonly isTime: boolean;
  /** It is a measure of which the job may write a text. */
  readonly isMixed: boolean;
  readonly of: (row: RunRow) => Value;
}

/** The value of a series at a step, which its file has to be read for. */
export type AtStep = (row: RunRow, series: string, column: string, step: number) => Scalar | undefined;

/** The names that runs have, and what they mean. */
export class Fields {
  /** Found when they are first asked for: there may be many runs. */
  #known: Known | null = null;

  /** @param rows those of runs, or, `ofConditions`, one a condition: then an argument comes before what else has its
   * name */
  constructor(
    readonly rows: readonly RunRow[],
    private readonly atStep: AtStep = () => undefined,
    private readonly ofConditions = false,
  ) {}

  aboutConditions(): Fields {
    return new Fields(this.rows, this.atStep, true);
  }

  get #names(): Known {
    this.#known ??= namesOf(this.rows);
    return this.#known;
  }

  /** Several series have such a column, so that it is named with the series. */
  #isShared(column: string): boolean {
    return (this.#names.columns.get(column)?.size ?? 0) > 1;
  }

  /** Names of arguments, in the order in which they first appear. */
  get arguments(): readonly string[] {
    return [...this.#names.arguments];
  }

  get measures(): readonly string[] {
    return [...this.#names.measures];
  }

  /** Names of measures that only count the lines of series. */
  get steps(): ReadonlySet<string> {
    const all = this.rows.flatMap(({ series }) => Object.entries(series));
    return new Set(all.flatMap(([name, { step }]) => (step === null ? [] : [step, `${name}.${step}`])));
  }

  argument(name: string): Field {
    return {
      ...{ space: 'argument', name, head: name, isTime: false, isMixed: false },
      of: ({ words }) => (Object.hasOwn(words, name) ? wordsAsValue(words[name]) : undefined),
    };
  }

  /** @param statistic of its series; null: its value, which of a series is the last */
  measure(name: string, statistic: Statistic | null = null, step: number | null = null): Field {
    const head = `${statistic ? `${statistic} ` : ''}${name}${step === null ? '' : `@${step}`}`;
    const of = (row: RunRow): Value => {
      if (statistic === null && step === null) return this.#valueOf(row, name);
      const found = this.#columnOf(row, name);
      if (!found) return undefined;
      if (step !== null) return this.atStep(row, found.series, found.column, step);
      return statistic === null ? undefined : statisticOf(found.sums, statistic);
    };
    return { space: 'measure', name, head, isTime: false, isMixed: true, of };
  }

  #valueOf(row: RunRow, name: string): Value {
    const summed = row.summary ? within(row.summary, name) : undefined;
    if (summed !== undefined) return summed;
    if (Object.hasOwn(row.values, name)) return row.values[name];
    return this.#columnOf(row, name)?.sums.last;
  }

  /** The column of a series that a name means: its own name, unless several series have it, or series and column. */
  #columnOf(row: RunRow, name: string): { series: string; column: string; sums: SeriesColumn } | null {
    for (const [series, { columns }] of Object.entries(row.series)) {
      const isOwn = !this.#isShared(name) && Object.hasOwn(columns, name);
      const column = isOwn ? name : name.startsWith(`${series}.`) ? name.slice(series.length + 1) : null;
      const sums = column !== null && Object.hasOwn(columns, column) ? columns[column] : undefined;
      if (sums && column !== null) return { series, column, sums };
    }
    return null;
  }

  attribute(name: string): Field | null {
    const attribute = attributes.get(name);
    if (!attribute) return null;
    return {
      space: 'run',
      name,
      head: name,
      isMixed: false,
      isTime: attribute.isTime ?? false,
      of: attribute.of,
    };
  }

  /** What a name means. @param flag in which it stands, for messages
   * @throws WrongQuery for one that no run has, with the nearest, or one that means several things */
  find(name: Name, flag: string): Field {
    const found = this.#meanings(name);
    const [first] = found;
    if (first === undefined) throw this.#unknown(name, flag);
    if (found.length > 1 && !(this.ofConditions && first === 'argument'))
      throw new WrongQuery(
        `${flag}: "${name.name}" may be ${found.map((one) => `${article[one]} ${one}`).join(' or ')}: write ${found.map((one) => `${one}.${written(name.name)}`).join(' or ')}.`,
      );
    const field =
      first === 'argument'
        ? this.argument(name.name)
        : first === 'measure'
          ? this.measure(name.name, name.statistic, name.step)
          : this.attribute(name.name);
    if (!field) throw this.#unknown(name, flag);
    return field;
  }

  #meanings({ space, name, statistic, step }: Name): Space[] {
    const isSeries = statistic !== null || step !== null;
    const known: Record<Space, boolean> = {
      argument: !isSeries && this.#names.arguments.has(name),
      measure: this.#names.measures.has(name) || this.#isQualified(name),
      run: !isSeries && attributes.has(name),
    };
    return spaces.filter((one) => known[one] && (space ?? one) === one);
  }

  #isQualified(name: string): boolean {
    return [...this.#names.columns].some(
      ([column, series]) => name.endsWith(`.${column}`) && series.has(name.slice(0, -column.length - 1)),
    );
  }

  #unknown({ space, name }: Name, flag: string): WrongQuery {
    const known: Record<Space, readonly string[]> = {
      argument: this.arguments,
      measure: this.measures,
      run: [...attributes.keys()],
    };
    const all = spaces.filter((one) => (space ?? one) === one).flatMap((one) => known[one]);
    const shared = [...(this.#names.columns.get(name) ?? [])].map((series) => `${series}.${name}`);
    if (shared.length > 1)
      return new WrongQuery(
        `${flag}: several series have "${name}": write ${shared.map(written).join(' or ')}.`,
      );
    const meant = nearest(name, all);
    const lists = spaces
      .filter((one) => (space ?? one) === one)
      .map((one) => `${plural[one]}: ${few(known[one])}`);
    return new WrongQuery(
      [
        `${flag}: no ${this.ofConditions ? 'condition' : 'run'} has ${space ? `${article[space]} ${space}` : 'anything'} called "${name}".${meant === null ? '' : ` Did you mean ${written(meant)}?`}`,
        ...lists.map((line) => `  ${line}`),
      ].join('\n'),
    );
  }
}

const article: Record<Space, string> = { argument: 'an', measure: 'a', run: 'a' };
const plural: Record<Space, string> = { argument: 'arguments', measure: 'measures', run: 'of each run' };

const few = (names: readonly string[]): string => {
  if (names.length === 0) return 'none';
  const more = names.length - 20;
  return `${names.slice(0, 20).map(written).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
};

/** A name as it has to be written: in quotes if it has other characters. */
export const written = (name: string): string =>
  /^[^\s=!<>()[\],"'@-][^\s=!<>()[\],"'@]*$/.test(name)
    ? name
    : name.includes('"')
      ? `'${name}'`
      : `"${name}"`;

const wordsAsValue = (words: readonly string[] = []): Value => (words.length === 1 ? words[0] : words);

/** A value of an object, also of one in it by a name with dots. */
function within(summary: Readonly<Record<string, unknown>>, name: string): Scalar | undefined {
  if (Object.hasOwn(summary, name)) {
    const value = summary[name];
    if (typeof value !== 'object' || value === null) return value as Scalar;
  }
  if (!name.includes('.') && !Array.isArray(summary[name])) return undefined;
  return flat(summary).find(([one]) => one === name)?.[1];
}

function statisticOf(sums: SeriesColumn, statistic: Statistic): Scalar | undefined {
  if (statistic === 'count') return sums.n;
  return sums[statistic] ?? undefined;
}
