import { isSame, number } from '../experiment/same-value.js';
import { count } from '../phrases.js';
import type { RunRow } from '../runs/rows/row.js';
import type { Field, Fields } from './fields.js';
import { parseMoment } from './moment.js';
import type { Name } from './name.js';
import { WrongQuery } from './tokens.js';
import type { Value } from './value.js';
import { numberOf, textOf } from './value.js';
import type { Operator, Where } from './where-text.js';

// Which runs fit a `--where`.

/** A condition that runs can be held against. */
export interface Filter {
  readonly matches: (row: RunRow) => boolean;
  /** What the user should know of the comparisons, a sentence each. */
  readonly remarks: () => string[];
}

/** @param now for times such as `2h`. @throws WrongQuery for names that no run has, and values that cannot be compared */
export function filterOf(where: readonly Where[], fields: Fields, now: Date): Filter {
  const numeric = new Map<string, Field>();
  const parts = where.map((one) => compiled(one, { fields, now, numeric }));
  return {
    matches: (row) => parts.every((matches) => matches(row)),
    remarks: () => [...numeric.values()].flatMap((field) => mixtureOf(field, fields.rows) ?? []),
  };
}

interface Context {
  readonly fields: Fields;
  readonly now: Date;
  /** Measures that are compared with numbers. */
  readonly numeric: Map<string, Field>;
}

type Matches = (row: RunRow) => boolean;

function compiled(where: Where, context: Context): Matches {
  switch (where.kind) {
    case 'and': {
      const parts = where.parts.map((part) => compiled(part, context));
      return (row) => parts.every((matches) => matches(row));
    }
    case 'or': {
      const parts = where.parts.map((part) => compiled(part, context));
      return (row) => parts.some((matches) => matches(row));
    }
    case 'not': {
      const matches = compiled(where.part, context);
      return (row) => !matches(row);
    }
    case 'missing': {
      const field = context.fields.find(where.name, '--where');
      return (row) => isMissing(field.of(row));
    }
    case 'in': {
      const parts = where.values.map((value) => comparison(where.name, '=', value, context));
      return (row) => parts.some((matches) => matches(row));
    }
    default:
      return comparison(where.name, where.operator, where.value, context);
  }
}

const isMissing = (value: Value): boolean => value === undefined || value === null;

function comparison(
  name: Name,
  operator: Operator,
  value: string,
  { fields, now, numeric }: Context,
): Matches {
  const field = fields.find(name, '--where');
  const test = testOf(field, operator, value, now);
  if (field.isMixed && isNumber(value)) numeric.set(field.head, field);
  return (row) => {
    const own = field.of(row);
    if (isMissing(own)) return false;
    // Of several values, such as tags, one is enough; that of an argument is one list.
    return typeof own === 'object' && field.space === 'run' && own !== null
      ? operator === '!='
        ? own.every(test)
        : own.some(test)
      : test(own);
  };
}

const isNumber = (text: string): boolean => number.test(text) || /^[-+]?(?:nan|inf(?:inity)?)$/i.test(text);

const asNumber = (text: string): number => {
  const [, sign, word] = /^([-+]?)(nan|inf)/i.exec(text) ?? [];
  if (word === undefined) return Number(text);
  if (/nan/i.test(word)) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

function testOf(field: Field, operator: Operator, value: string, now: Date): (own: Value) => boolean {
  if (operator === 'contains') return (own) => textOf(own).includes(value);
  if (operator === 'matches') {
    const pattern = patternOf(value);
    return (own) => pattern.test(textOf(own));
  }
  if (operator === '=' || operator === '!=') {
    const isEqual = field.isTime ? sameTime(field, value, now) : equalTo(field, value);
    return operator === '=' ? isEqual : (own) => !isEqual(own);
  }
  const limit = field.isTime ? timeOf(field, value, now) : isNumber(value) ? asNumber(value) : null;
  if (limit === null)
    throw new WrongQuery(
      `--where "${field.name} ${operator} ${value}": ${operator} compares numbers, and "${value}" is none.`,
    );
  return (own) => {
    const one = numberOf(field, own);
    if (one === null) return false;
    return { '<': one < limit, '<=': one <= limit, '>': one > limit, '>=': one >= limit }[operator];
  };
}

/** A number compares with numbers only, and a text with texts. */
function equalTo(field: Field, value: string): (own: Value) => boolean {
  const wanted = isNumber(value) ? asNumber(value) : null;
  return (own) => {
    if (typeof own === 'number' && wanted !== null) return Object.is(own, wanted) || own === wanted;
    if (field.isMixed && wanted !== null) return false;
    if (field.space === 'argument') return isSame(textOf(own), value);
    return textOf(own) === value || isBeginning(field, own, value);
  };
}

/** Ids are long: so much of one as names it is enough. */
const isBeginning = (field: Field, own: Value, value: string): boolean =>
  (field.name === 'commit' || field.name === 'image') &&
  value.length >= 7 &&
  textOf(own)
    .replace(/^sha256:/, '')
    .startsWith(value.replace(/^sha256:/, ''));

/** A day is all of its moments. */
function sameTime(field: Field, value: string, now: Date): (own: Value) => boolean {
  const from = timeOf(field, value, now);
  const isDay = /^(?:\d{4}-\d{2}-\d{2}|[a-z]+)$/i.test(value);
  const day = new Date(from);
  const to = isDay ? new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime() : from + 1000;
  return (own) => {
    const one = numberOf(field, own);
    return one !== null && one >= from && one < to;
  };
}

function timeOf({ name }: Field, value: string, now: Date): number {
  const time = parseMoment(value, now);
  if (time) return time.getTime();
  throw new WrongQuery(
    `--where: ${name} is a time, and "${value}" is none: a date, how long ago (90s, 10m, 2h, 3d), or a day such as yesterday.`,
  );
}

function patternOf(value: string): RegExp {
  try {
    return new RegExp(value, 'u');
  } catch (cause) {
    const [why] = String((cause as Error).message)
      .split(': ')
      .slice(-1);
    throw new WrongQuery(`--where: "${value}" is not a regular expression: ${why}.`);
  }
}

/** Whether some values of a measure are texts, of which a comparison with a number says nothing; null: none is. */
function mixtureOf(field: Field, rows: readonly RunRow[]): string | null {
  let [numbers, texts, example] = [0, 0, ''];
  for (const row of rows) {
    const value = field.of(row);
    if (isMissing(value)) continue;
    if (numberOf(field, value) !== null) numbers++;
    else {
      texts++;
      example ||= textOf(value).slice(0, 30);
    }
  }
  if (texts === 0) return null;
  return numbers === 0
    ? `${field.head} is no number in any run, but a text such as "${example}": no number is equal to it.`
    : `${field.head} is a number in ${count(numbers, 'run')} and a text in ${texts}, such as "${example}": numbers compare with numbers only.`;
}
