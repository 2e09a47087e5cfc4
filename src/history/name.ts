import type { Tokens } from './tokens.js';

/** Where a name is looked for. */
export const spaces = ['argument', 'measure', 'run'] as const;
export type Space = (typeof spaces)[number];

/** What is taken of a series; without one, its last value. */
export const statistics = ['min', 'max', 'first', 'last', 'mean', 'count'] as const;
export type Statistic = (typeof statistics)[number];

/** A name as it was written: `lr`, `measure.loss`, `"a name"`, `min loss`, `loss@100`. */
export interface Name {
  readonly space: Space | null;
  readonly name: string;
  readonly statistic: Statistic | null;
  /** The step of a series at which its value is taken. */
  readonly step: number | null;
  /** As written. */
  readonly text: string;
}

/** Words that end a name that is written without quotes. */
const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'contains', 'matches', 'as']);

/** Reads a name. @throws WrongQuery */
export function readName(tokens: Tokens): Name {
  const first = tokens.peek();
  const statistic =
    first.kind === 'word' ? statistics.find((one) => one === first.text.toLowerCase()) : undefined;
  if (statistic) {
    tokens.next();
    const next = tokens.peek();
    const isName = next.kind === 'quoted' || (next.kind === 'word' && !keywords.has(next.text.toLowerCase()));
    // An argument may be called `max`.
    if (!isName) return { ...plain, name: first.text, text: first.text };
  }
  const { text, ...name } = readPlain(tokens);
  return { ...name, statistic: statistic ?? null, text: statistic ? `${statistic} ${text}` : text };
}

const plain = { space: null, statistic: null, step: null };

function readPlain(tokens: Tokens): Name {
  const token = tokens.peek();
  if (token.kind === 'quoted' && token.text !== '') {
    tokens.next();
    return stepped({ ...plain, name: token.text, text: tokens.text.slice(token.from, token.to) }, tokens);
  }
  if (token.kind !== 'word' || keywords.has(token.text.toLowerCase())) tokens.fail('a name');
  tokens.next();
  const space = spaces.find((one) => token.text.startsWith(`${one}.`)) ?? null;
  const rest = space === null ? token.text : token.text.slice(space.length + 1);
  const behind = tokens.peek();
  // `argument."a name"`.
  if (space !== null && rest === '' && behind.kind === 'quoted' && behind.from === token.to) {
    tokens.next();
    const text = tokens.text.slice(token.from, behind.to);
    return stepped({ ...plain, space, name: behind.text, text }, tokens);
  }
  const [, name = '', step] = /^(.*?)(?:@(-?\d+(?:\.\d+)?))?$/s.exec(rest) ?? [];
  if (name.replace(/^-+/, '') === '') tokens.fail('a name', token);
  return {
    ...plain,
    space,
    name: name.replace(/^-+/, ''),
    step: step === undefined ? null : Number(step),
    text: token.text,
  };
}

/** `"a name"@100`. */
function stepped(name: Name, tokens: Tokens): Name {
  const token = tokens.peek();
  const [, step] = token.kind === 'word' ? (/^@(-?\d+(?:\.\d+)?)$/.exec(token.text) ?? []) : [];
  if (step === undefined) return name;
  tokens.next();
  return { ...name, step: Number(step), text: `${name.text}@${step}` };
}

/** `a, b` and `"a b"`: names with commas between them. @throws WrongQuery */
export function readNames(tokens: Tokens): Name[] {
  const names: Name[] = [];
  do names.push(readName(tokens));
  while (tokens.take(','));
  if (!tokens.isAtEnd) tokens.fail('a comma or the end');
  return names;
}
