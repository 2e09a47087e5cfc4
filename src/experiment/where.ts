import { UserError } from '../errors.js';
import { nearest } from '../phrases.js';
import { type ArgumentValues, argumentValues } from './argument-values.js';
import type { Condition } from './condition.js';

// `--where NAME=VALUE`: selects conditions by an argument.

const operators = ['=', '!=', '<', '<=', '>', '>='] as const;
type Operator = (typeof operators)[number];

/** One `--where`. */
export interface Comparison {
  /** Name of the argument, without the dashes in front of it. */
  readonly name: string;
  readonly operator: Operator;
  readonly value: string;
  /** As typed. */
  readonly text: string;
}

/** The most values of an argument that an error lists. */
const mostShown = 10;

/** A `--where` that is invalid, or that no condition matches. */
export class WrongWhere extends UserError {
  constructor(message: string) {
    super(message, [], { exit: 2 });
  }
}

/** A number as one types it. */
export const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** Reads NAME, one of = != < <= > >=, and VALUE; blanks around them, and quotes around each, are no part of it.
 *  @throws WrongWhere */
export function readWhere(text: string): Comparison {
  const [, name = '', operator, value = ''] = /^([^=!<>]*)(==|!=|<=|>=|=|<|>)(.*)$/s.exec(text) ?? [];
  const plainName = unquoted(name).replace(/^-+/, '');
  if (operator === undefined || plainName === '')
    throw new WrongWhere(
      `--where takes an argument, one of ${operators.join(' ')}, and a value, such as 'lr=0.1' or 'epochs>10'; "${text}" is none.`,
    );
  const comparison = {
    name: plainName,
    operator: operator === '==' ? '=' : (operator as Operator),
    value: unquoted(value),
    text,
  };
  if (/[<>]/.test(operator) && !number.test(comparison.value))
    throw new WrongWhere(
      `--where "${text}": ${operator} compares numbers, and "${comparison.value}" is none.`,
    );
  return comparison;
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^(["']).*\1$/s.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1) : trimmed;
}

/** The conditions that match all comparisons; conditions without the argument do not. @throws WrongWhere if none has
 * the argument, listing the arguments, or if none matches, listing the values */
export function fitting<C extends Pick<Condition, 'argv' | 'parameters'>>(
  conditions: readonly C[],
  where: readonly Comparison[],
): readonly C[] {
  const valued = conditions.map((condition) => ({ condition, values: argumentValues(condition) }));
  const names = new Set(valued.flatMap(({ values }) => [...values.keys()]));
  for (const { name } of where) if (!names.has(name)) throw unknownArgument(name, [...names]);
  const found = valued.filter(({ values }) => where.every((one) => fits(values, one)));
  if (found.length === 0)
    throw noneFits(
      where,
      valued.map(({ values }) => values),
    );
  return found.map(({ condition }) => condition);
}

export const fitsAll = (
  condition: Pick<Condition, 'argv' | 'parameters'>,
  where: readonly Comparison[],
): boolean => where.every((one) => fits(argumentValues(condition), one));

function fits(values: ArgumentValues, { name, operator, value }: Comparison): boolean {
  const words = values.get(name);
  if (words === undefined) return false;
  const own = words.join(',');
  if (operator === '=') return isSame(own, value);
  if (operator === '!=') return !isSame(own, value);
  if (!number.test(own)) return false;
  const difference = Number(own) - Number(value);
  const outcome = { '<': difference < 0, '<=': difference <= 0, '>': difference > 0, '>=': difference >= 0 };
  return outcome[operator];
}

/** Compares numbers by value (`1e-2` is 0.01), integers with all digits, lists by their words.
 * @param own with commas between the words of a list */
export function isSame(own: string, value: string): boolean {
  if (own === value || own === listed(value)) return true;
  if (!number.test(own) || !number.test(value)) return false;
  const areWhole = [own, value].every((one) => /^[-+]?\d+$/.test(one));
  return areWhole
    ? BigInt(own.replace('+', '')) === BigInt(value.replace('+', ''))
    : Number(own) === Number(value);
}

/** `64,32` for `[64, 32]` and for `64 32`. */
const listed = (value: string): string =>
  value
    .replace(/^\[(.*)\]$/s, '$1')
    .trim()
    .split(/\s*,\s*|\s+/)
    .join(',');

function unknownArgument(name: string, names: readonly string[]): WrongWhere {
  if (names.length === 0)
    return new WrongWhere(`No condition has an argument with a name, so none has "${name}".`);
  const meant = nearest(name, names);
  return new WrongWhere(
    `No condition has an argument "${name}".${meant === null ? '' : ` Did you mean ${meant}?`} The arguments are: ${names.join(', ')}.`,
  );
}

function noneFits(where: readonly Comparison[], all: readonly ArgumentValues[]): WrongWhere {
  const asked = where.map(({ text }) => `--where "${text}"`).join(' ');
  const values = [...new Set(where.map(({ name }) => name))].map(
    (name) => `  ${name}: ${valuesOf(name, all)}`,
  );
  return new WrongWhere([`No condition fits ${asked}. The values are:`, ...values].join('\n'));
}

function valuesOf(name: string, all: readonly ArgumentValues[]): string {
  const values = [...new Set(all.flatMap((one) => one.get(name)?.join(' ') ?? []))];
  const more = values.length - mostShown;
  return `${values.slice(0, mostShown).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
