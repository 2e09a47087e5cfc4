import { placesArguments, shellTokens, type Token, UnreadableShellText } from '../shell/shell-text.js';

/** Why the arguments of a condition would not reach the program, as a predicate with the remedy; null: they would. They
 * are appended to the text, unless it contains "$@". */
export function commandProblem(text: string): string | null {
  const blank = strangeBlank(text);
  if (blank) return blank;
  try {
    return placesArguments(text) ? null : endProblem(text.trim(), shellTokens(text.trim()));
  } catch (error) {
    if (error instanceof UnreadableShellText) return `${error.message}: no shell can read it.`;
    throw error;
  }
}

/** Blanks outside of quotes that shells do not treat as blanks, such as those in text copied from a web page. */
export function strangeBlank(text: string): string | null {
  const unquoted = text.replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/gs, '');
  const found = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]/u.exec(unquoted)?.[0];
  if (found === undefined) return null;
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `holds a blank that is no space (U+${code}), often copied from a page: write a space, or put it in quotes.`;
}

function endProblem(text: string, tokens: readonly Token[]): string | null {
  const last = tokens.findLast(({ kind }) => kind !== 'newline');
  if (!last) return null;
  const write = (until: number) =>
    `write ${JSON.stringify(`${text.slice(0, until)} "$@"${text.slice(until)}`)}`;
  if (last.kind === 'comment') {
    const before = tokens.findLast(({ kind }) => kind === 'word');
    const or = before ? `${write(before.to)}, or put` : 'put';
    return `ends in a comment, and arguments behind it are part of it: ${or} the note into "experiment_command_comment".`;
  }
  if (last.to < text.length || tokens.some(isDocument(text)))
    return `ends in a here-document, behind which no arguments can stand: write "$@" where they go.`;
  if (last.kind === 'operator' && last.text !== ')') {
    const before = tokens.findLast(({ kind }) => kind === 'word');
    return `ends in ${last.text}, and arguments behind it would be a command of their own: ${before ? write(before.to) : 'leave it out'}.`;
  }
  const commands = simpleCommands(tokens);
  const [program, ...words] = commands.at(-1)?.words ?? [];
  if (last.text === ')' || (isClosing.test(last.text) && words.length === 0))
    return `ends in ${last.text}, behind which no arguments can stand: write "$@" where they go.`;
  const before = commands.at(-2);
  if (!before || !program || !takesNone(program.text, commands.at(-1)?.piped ?? false)) return null;
  const alone = text.slice(program.from);
  return `ends in "${alone}", which alone would get the arguments: ${write(before.to)}.`;
}

const isClosing = /^(?:\}|fi|done|esac)$/;

/** A here-document is at the end even if its delimiter follows. */
const isDocument = (text: string) => (token: Token, place: number, all: readonly Token[]) =>
  /^<<-?$/.test(token.text) &&
  !all.slice(place).some(({ kind, from }) => kind === 'word' && from > text.indexOf('\n', token.to));

/** Programs at the end of a script that do not take an experiment's arguments. */
const plain = new Set(
  'echo printf true false exit return wait date sleep touch test [ cd export set unset sync rm mkdir rmdir chmod chown cp mv ln ls tar gzip'.split(
    ' ',
  ),
);

/** Programs that filter the output of another one. */
const filters = new Set(
  'tee cat grep egrep fgrep head tail sort uniq wc sed awk tr cut less more ts'.split(' '),
);

const takesNone = (program: string, piped: boolean): boolean =>
  plain.has(program) || (piped && filters.has(program));

interface SimpleCommand {
  /** Its name and arguments, without variables and redirections. */
  readonly words: readonly Token[];
  readonly to: number;
  /** Whether it reads the output of another one. */
  readonly piped: boolean;
}

function simpleCommands(tokens: readonly Token[]): readonly SimpleCommand[] {
  const commands: { words: Token[]; to: number; piped: boolean }[] = [];
  let current: { words: Token[]; to: number; piped: boolean } | null = null;
  let separator = '';
  tokens.forEach((token, place) => {
    const isRedirection = token.kind === 'operator' && /[<>]/.test(token.text);
    if (token.kind === 'comment') return;
    if (token.kind !== 'word' && !isRedirection) {
      current = null;
      separator = token.text;
      return;
    }
    if (!current) {
      current = { words: [], to: 0, piped: separator === '|' };
      commands.push(current);
    }
    current.to = token.to;
    const isTarget = /[<>]/.test(
      tokens[place - 1]?.kind === 'operator' ? (tokens[place - 1]?.text ?? '') : '',
    );
    const isVariable = current.words.length === 0 && /^[A-Za-z_]\w*=/.test(token.text);
    if (token.kind === 'word' && !isTarget && !isVariable) current.words.push(token);
  });
  return commands;
}
