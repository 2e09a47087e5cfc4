import { quote } from 'shlex';
import { ownLine, UserError } from '../errors.js';

/** A shell text with an unclosed quote or a backslash at its end. */
export class UnbalancedQuote extends UserError {
  constructor(
    text: string,
    /** What is wrong with it, as a predicate: `has a quote …`. */
    readonly what: string,
  ) {
    super(
      `These shell words cannot be split: ${text.trim()}\nThe text ${what}. Fix it, or give the words one by one.`,
      [ownLine('run', ['--', '--lr', '0.01', '--name', 'two words'], 'the words, split by the shell')],
      { exit: 2 },
    );
  }
}

const BLANK = /^[ \t\r\n]/;
const PIECES =
  /[ \t\r\n]+|'(?<single>[^']*)'|"(?<double>[^"\\]*(?:\\.[^"\\]*)*)"|\\(?<escaped>.)|[^ \t\r\n'"\\]+|./gs;

/**
 * Splits a text into words by the quoting rules of a POSIX shell (XCU 2.2), with no expansion and no operators:
 * `$`, `*`, `;`, `#` are letters. (shlex's own `split` is not used: it loses backslashes that stand before a
 * quoted part, so it does not undo `quote`.)
 *
 * @throws UnbalancedQuote
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const { 0: piece, groups: { single, double, escaped } = {} } of text.matchAll(PIECES)) {
    if (BLANK.test(piece)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (escaped === '\n') {
      // A continued line: the shell removes both characters.
    } else if (piece === '\\') {
      throw new UnbalancedQuote(text, 'ends in a backslash that escapes nothing');
    } else if (piece === "'" || piece === '"') {
      throw new UnbalancedQuote(text, `has a quote ${piece} that is not closed`);
    } else {
      word = (word ?? '') + (single ?? unescapeDoubleQuoted(double) ?? escaped ?? piece);
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Between double quotes a backslash escapes these five only, and is a letter elsewhere. */
const unescapeDoubleQuoted = (text: string | undefined): string | undefined =>
  text?.replace(/\\([$`"\\\n])/g, (_, character: string) => (character === '\n' ? '' : character));

/** The words as text from which a shell, or `splitWords`, reads exactly them. Plain words stay unquoted. */
export const joinWords = (words: readonly string[]): string => words.map(quote).join(' ');
