import { parseWithNaN } from '../../machines/numbers-in-json.js';

// Pure: a series of measures, a line a step, made into what tables show of it.

/** One value of a measure. A number may be NaN or infinite. */
export type Scalar = number | string | boolean | null;

/** One column of a series. */
export interface SeriesColumn {
  /** How many lines have a value. Series may be ragged: a column has as many as it has. */
  readonly n: number;
  readonly first: Scalar;
  readonly last: Scalar;
  /** Over the numbers that are not NaN; null: there are none, or not all of the file was read. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

export interface Series {
  /** Name of the column that counts; null: none has such a name, and the lines count. */
  readonly step: string | null;
  /** Lines with values. */
  readonly n: number;
  readonly columns: Readonly<Record<string, SeriesColumn>>;
  /** Lines that are not of the series: no JSON object, or no row of the table. */
  readonly odd: number;
}

/** Names of columns that count, the best first. */
const steps = ['step', 'epoch', 'iteration'];

export const stepIn = (names: readonly string[]): string | null =>
  steps.find((name) => names.includes(name)) ?? null;

/** The most columns of a series, and the most characters of a text in it. */
const mostColumns = 1000;
const longestText = 200;

interface Column {
  readonly name: string;
  n: number;
  first: Scalar;
  last: Scalar;
  min: number;
  max: number;
  sum: number;
  numbers: number;
}

/** Takes lines in their order, and sums them up. */
export class SeriesSum {
  readonly #columns = new Map<string, Column>();
  /** The same by their order: most lines have all columns in one order. */
  readonly #order: Column[] = [];
  #lines = 0;
  #odd = 0;

  /** @param isWhole false: only the end of the file is read, so that no sum holds */
  constructor(private readonly isWhole = true) {}

  add(values: readonly (readonly [string, Scalar])[]): void {
    this.#lines++;
    for (const [name, value] of values) this.#put(name, value);
  }

  /** A line of JSON whose values are scalars. */
  addObject(line: object): void {
    let place = 0;
    for (const name in line) {
      const value = (line as Record<string, Scalar>)[name] as Scalar;
      if (typeof value !== 'string' || scalarOf(value) !== undefined) this.#put(name, value, place);
      place++;
    }
    if (place > 0) this.#lines++;
  }

  addOdd(): void {
    this.#odd++;
  }

  /** @param place where the column is likely to be */
  #put(name: string, value: Scalar, place = 0): void {
    const likely = this.#order[place];
    let column = likely?.name === name ? likely : this.#columns.get(name);
    if (!column) {
      if (this.#columns.size >= mostColumns) return;
      const [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      column = { name, n: 0, first: value, last: value, min, max, sum: 0, numbers: 0 };
      this.#columns.set(name, column);
      this.#order.push(column);
    }
    column.n++;
    column.last = value;
    if (typeof value !== 'number' || Number.isNaN(value)) return;
    column.numbers++;
    column.sum += value;
    if (value < column.min) column.min = value;
    if (value > column.max) column.max = value;
  }

  end(): Series {
    const columns = [...this.#columns].map(([name, { numbers, sum, min, max, ...column }]) => {
      const known = this.isWhole && numbers > 0;
      const sums = known ? { min, max, mean: sum / numbers } : { min: null, max: null, mean: null };
      return [name, { n: column.n, first: column.first, last: column.last, ...sums }] as const;
    });
    const step = stepIn([...this.#columns.keys()]);
    return { step, n: this.#lines, columns: Object.fromEntries(columns), odd: this.#odd };
  }
}

/** Objects of scalars, from as many lines of JSON; null: not all of the lines are such, and each has to be read alone. */
export function objectsOfLines(text: string): readonly object[] | null {
  // Each line begins an object, a line break ends every text, and no object has a list or an object in it: so none is of
  // two lines, and where their numbers are the same, none of one line and a half.
  if (!text.startsWith('{') || /\n(?!\{)/.test(text)) return null;
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  try {
    const objects: unknown = JSON.parse(`[${text.replaceAll('\n', '\n,')}]`);
    return Array.isArray(objects) && objects.length === lines && objects.every(isFlat) ? objects : null;
  } catch {
    return null;
  }
}

function isFlat(value: object): boolean {
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    if (typeof inner === 'object' && inner !== null) return false;
  }
  return true;
}

/** The values of a line of JSON; null: it is no object. */
export function valuesOfLine(line: string): [string, Scalar][] | null {
  try {
    const value = parseWithNaN(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? flat(value) : null;
  } catch {
    return null;
  }
}

/** Values by name: inner objects with a dot between the keys, lists as their JSON. Texts of several lines, and what is
 * long or deep, are left out. */
export function flat(value: object, before = '', depth = 0): [string, Scalar][] {
  return Object.entries(value).flatMap(([key, inner]): [string, Scalar][] => {
    const name = `${before}${key}`;
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      return depth < 8 ? flat(inner, `${name}.`, depth + 1) : [];
    const scalar = scalarOf(inner);
    return scalar === undefined ? [] : [[name, scalar]];
  });
}

/** undefined: too long for a cell of a table. */
export function scalarOf(value: unknown): Scalar | undefined {
  if (Array.isArray(value)) return scalarOf(JSON.stringify(value));
  if (typeof value !== 'string') return value as Scalar;
  return value.length <= longestText && !/[\r\n]/.test(value) ? value : undefined;
}

/** Splits a line of a table into cells. Quotes as in RFC 4180, but for line breaks within them. */
export function cellsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let [cell, isQuoted] = ['', false];
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? '';
    if (character === '"') {
      if (isQuoted && line[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = !isQuoted;
    } else if (character === separator && !isQuoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

/** The separator of a table, by its first line. */
export const separatorOf = (head: string): string =>
  [',', ';', '\t'].find((one) => head.includes(one)) ?? ',';
