import { nearest } from '../phrases.js';
import { type Name, readName } from './name.js';
import { Tokens } from './tokens.js';

// The language of `--where`: comparisons joined by and, or, not and brackets.

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'matches';

/** A condition as it was written. */
export type Where =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Where[] }
  | { readonly kind: 'not'; readonly part: Where }
  | { readonly kind: 'missing'; readonly name: Name }
  | { readonly kind: 'in'; readonly name: Name; readonly values: readonly string[] }
  | { readonly kind: 'compare'; readonly name: Name; readonly operator: Operator; readonly value: string };

const mostBrackets = 100;

/** Reads a text, such as `lr <= 0.1 and not (state = failed or "val loss" is missing)`.
 * @throws WrongQuery, which says at which character */
export function readRunsWhere(text: string): Where {
  const tokens = new Tokens('--where', text);
  if (text.split('(').length > mostBrackets) tokens.fail(`fewer than ${mostBrackets} brackets`);
  const where = readOr(tokens);
  if (!tokens.isAtEnd) {
    const token = tokens.peek();
    const meant = token.kind === 'word' ? nearest(token.text.toLowerCase(), ['and', 'or']) : null;
    tokens.fail(`and, or, or the end${meant ? ` (did you mean ${meant}?)` : ''}`);
  }
  return where;
}

/** The names in a condition, in their order. */
export function namesIn(where: Where): readonly Name[] {
  if ('parts' in where) return where.parts.flatMap(namesIn);
  return 'part' in where ? namesIn(where.part) : [where.name];
}

const readOr = (tokens: Tokens): Where => joinedBy(tokens, 'or', readAnd);
const readAnd = (tokens: Tokens): Where => joinedBy(tokens, 'and', readNot);

function joinedBy(tokens: Tokens, kind: 'and' | 'or', read: (tokens: Tokens) => Where): Where {
  const parts = [read(tokens)];
  while (tokens.take(kind)) parts.push(read(tokens));
  return parts.length === 1 && parts[0] ? parts[0] : { kind, parts };
}

function readNot(tokens: Tokens): Where {
  const isNegated = tokens.take('not');
  const part = tokens.take('(') ? readBracket(tokens) : readComparison(tokens);
  return isNegated ? { kind: 'not', part } : part;
}

function readBracket(tokens: Tokens): Where {
  const inner = readOr(tokens);
  if (!tokens.take(')')) tokens.fail('and, or, or a closing bracket');
  return inner;
}

const operators: readonly Operator[] = ['=', '!=', '<', '<=', '>', '>=', 'contains', 'matches'];

function readComparison(tokens: Tokens): Where {
  const name = readName(tokens);
  const token = tokens.peek();
  const word = token.kind === 'quoted' ? '' : token.text.toLowerCase();
  if (tokens.take('is')) {
    const isNegated = tokens.take('not');
    if (!tokens.take('missing')) tokens.fail('missing');
    const missing: Where = { kind: 'missing', name };
    return isNegated ? { kind: 'not', part: missing } : missing;
  }
  if (tokens.take('in')) return { kind: 'in', name, values: readList(tokens) };
  if (tokens.take('not')) {
    if (!tokens.take('in')) tokens.fail('in');
    // As with !=, a run that has no value does not match.
    const part: Where = { kind: 'in', name, values: readList(tokens) };
    const has: Where = { kind: 'not', part: { kind: 'missing', name } };
    return { kind: 'and', parts: [has, { kind: 'not', part }] };
  }
  const operator = operators.find((one) => one === (word === '==' ? '=' : word));
  if (!operator) {
    const meant = token.kind === 'word' ? nearest(word, ['contains', 'matches', 'in', 'is', 'not']) : null;
    return tokens.fail(
      `one of = != < <= > >= contains matches in is, behind ${name.text}${meant ? ` (did you mean ${meant}?)` : ''},`,
    );
  }
  tokens.next();
  return { kind: 'compare', name, operator, value: tokens.value().text };
}

/** `[a, b]`, `(a, b)` or `a, b`. */
function readList(tokens: Tokens): string[] {
  const closing = tokens.take('[') ? ']' : tokens.take('(') ? ')' : null;
  const values: string[] = [];
  do {
    const token = tokens.next();
    if (token.kind !== 'word' && token.kind !== 'quoted') tokens.fail('a value', token);
    values.push(token.text);
  } while (tokens.take(','));
  if (closing !== null && !tokens.take(closing)) tokens.fail(`a comma or ${closing}`);
  return values;
}
