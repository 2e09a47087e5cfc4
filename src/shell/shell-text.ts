/** A token of a shell text, precise enough to find the end of a simple command. */
export interface Token {
  readonly kind: 'word' | 'operator' | 'newline' | 'comment';
  readonly text: string;
  /** Its position in the text. */
  readonly from: number;
  readonly to: number;
  /** Whether it contains `$@`, `$1` and the like, which the shell replaces by arguments. */
  readonly refers: boolean;
}

/** A text that no shell can parse. */
export class UnreadableShellText extends Error {}

const operators = /^(?:&&|\|\||;;|<<-|<<<|<<|>>|<&|>&|<>|>\||&>|[;&|()<>])/;
const argument = /^\$(?:[@*#1-9]|\{(?:[@*]|#(?:[@*]|\})|[1-9]))/;

/** Splits POSIX shell text into tokens (XCU 2.3), with quotes, substitutions and here-documents as parts of words.
 * @throws UnreadableShellText for a quote that is not closed, a backslash at the end */
export function shellTokens(text: string): Token[] {
  const tokens: Token[] = [];
  /** Delimiters of here-documents that begin with the next line. */
  let documents: string[] = [];
  let at = 0;
  const push = (kind: Token['kind'], from: number, refers = false) =>
    tokens.push({ kind, text: text.slice(from, at), from, to: at, refers });

  while (at < text.length) {
    const from = at;
    const rest = text.slice(at);
    const operator = operators.exec(rest)?.[0];
    if (/^[ \t\r]/.test(rest)) at++;
    else if (rest.startsWith('\\\n')) at += 2;
    else if (rest.startsWith('\n')) {
      at++;
      push('newline', from);
      for (const delimiter of documents) at = endOfDocument(text, at, delimiter);
      documents = [];
    } else if (rest.startsWith('#')) {
      at += rest.search(/\n|$/);
      push('comment', from);
    } else if (operator) {
      at += operator.length;
      push('operator', from);
    } else {
      const { to, refers } = endOfWord(text, at);
      at = to;
      if (/^<<-?$/.test(tokens.at(-1)?.text ?? ''))
        documents.push(text.slice(from, to).replace(/['"\\]/g, ''));
      push('word', from, refers);
    }
  }
  return tokens;
}

/** The offset after the delimiter's line, or the end. */
function endOfDocument(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    const line = text.slice(at, end).replace(/^\t+/, '');
    if (line === delimiter) return end;
    at = end + 1;
  }
  return text.length;
}

interface Part {
  readonly to: number;
  readonly refers: boolean;
}

function endOfWord(text: string, from: number): Part {
  let refers = false;
  let at = from;
  while (at < text.length && !/[ \t\r\n]/.test(text[at] ?? '') && !operators.test(text[at] ?? '')) {
    const part = endOfPart(text, at);
    refers ||= part.refers || argument.test(text.slice(at, at + 4));
    at = part.to;
  }
  return { to: at, refers };
}

/** The offset after a quoted part, a substitution, an escaped character or a plain one. */
function endOfPart(text: string, at: number, quoted = false): Part {
  const rest = text.slice(at, at + 3);
  if (rest.startsWith("'")) {
    const end = text.indexOf("'", at + 1);
    if (end < 0) throw new UnreadableShellText("has a quote ' that is not closed");
    return { to: end + 1, refers: false };
  }
  if (rest.startsWith('\\')) {
    if (at + 1 >= text.length) throw new UnreadableShellText('ends in a backslash that escapes nothing');
    return { to: at + 2, refers: false };
  }
  if (rest.startsWith('"')) return until(text, at + 1, '"', true);
  if (rest.startsWith('`')) return until(text, at + 1, '`');
  if (rest.startsWith('$(')) return until(text, at + 2, ')');
  if (rest.startsWith('${')) return until(text, at + 2, '}', quoted);
  return { to: at + 1, refers: false };
}

/** The offset after the closing character of a quoted part or a substitution, including nested ones.
 * @param quoted between double quotes, where a single quote is a plain character */
function until(text: string, from: number, closing: string, quoted = false): Part {
  let refers = false;
  let at = from;
  while (at < text.length) {
    if (text[at] === closing) return { to: at + 1, refers };
    refers ||= argument.test(text.slice(at, at + 4));
    const part = inside(text, at, closing, quoted);
    refers ||= part.refers;
    at = part.to;
  }
  throw new UnreadableShellText(`has a ${names[closing]} that is not closed`);
}

function inside(text: string, at: number, closing: string, quoted: boolean): Part {
  if (quoted && text[at] === "'") return { to: at + 1, refers: false };
  if (closing === ')' && text[at] === '(') return until(text, at + 1, ')');
  return endOfPart(text, at, quoted);
}

const names: Readonly<Record<string, string>> = {
  '"': 'quote "',
  '`': 'backquote `',
  ')': 'substitution $(',
  '}': 'substitution ${',
};

/** Whether the text places its arguments itself (`"$@"`, `$1`), outside of its functions. false for a text that no
 * shell can parse. */
export function placesArguments(text: string): boolean {
  try {
    return outsideOfFunctions(shellTokens(text)).some(({ refers }) => refers);
  } catch (error) {
    if (error instanceof UnreadableShellText) return false;
    throw error;
  }
}

/** The text with its arguments appended, unless it places them itself. */
export const withArguments = (text: string): string =>
  placesArguments(text) ? text.trim() : `${text.trim()} "$@"`;

function outsideOfFunctions(tokens: readonly Token[]): Token[] {
  const outside: Token[] = [];
  let depth = 0;
  tokens.forEach((token, place) => {
    const isOpening = token.text === '{' && token.kind === 'word';
    const [open, close] = tokens
      .slice(0, place)
      .filter(({ kind }) => kind !== 'newline')
      .slice(-2);
    const isBody = isOpening && open?.text === '(' && close?.text === ')';
    if (isBody || (isOpening && depth > 0)) depth++;
    if (depth === 0) outside.push(token);
    if (depth > 0 && token.kind === 'word' && token.text === '}') depth--;
  });
  return outside;
}
