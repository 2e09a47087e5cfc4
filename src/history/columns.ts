import type { Field, Fields } from './fields.js';
import { type Name, readName } from './name.js';
import { Tokens } from './tokens.js';

export interface WantedColumn {
  readonly name: Name;
  /** The heading that was asked for. */
  readonly heading: string | null;
}

/** Reads `lr, min loss, loss@100 as "at 100"`. @throws WrongQuery */
export function readColumns(text: string): WantedColumn[] {
  const tokens = new Tokens('--columns', text);
  const columns: WantedColumn[] = [];
  do {
    const name = readName(tokens);
    columns.push({ name, heading: tokens.take('as') ? headingIn(tokens) : null });
  } while (tokens.take(','));
  if (!tokens.isAtEnd) tokens.fail('a comma, "as" or the end');
  return columns;
}

function headingIn(tokens: Tokens): string {
  const token = tokens.next();
  if (token.kind === 'word' || token.kind === 'quoted') return token.text;
  return tokens.fail('a heading', token);
}

/** The fields that were asked for, with their headings. @throws WrongQuery */
export const columnsAsked = (wanted: readonly WantedColumn[], fields: Fields): Field[] =>
  wanted.map(({ name, heading }) => {
    const field = fields.find(name, '--columns');
    return heading === null ? field : { ...field, head: heading };
  });
