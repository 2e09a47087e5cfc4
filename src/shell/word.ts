import { quote } from 'shlex';

/** A value that no line, log or record may show: it prints as `"$NAME"`, the caller's variable. */
export class Secret {
  readonly #value: string;

  constructor(
    readonly name: string,
    value: string,
  ) {
    this.#value = value;
  }

  /** The value itself, for the executor only. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `"$${this.name}"`;
  }

  toJSON(): string {
    return `$${this.name}`;
  }
}

/** A shell variable that the runner sets on the machine, such as `job`; the words around it are literal. */
export class Variable {
  constructor(readonly name: string) {}
}

/** One word of a command line; a list is the concatenation of its parts. */
export type Word = string | Secret | Variable | readonly Word[];

type Quote = (text: string) => string;

const renderedBy = (quote: Quote) =>
  function render(word: Word): string {
    if (typeof word === 'string') return quote(word);
    if (word instanceof Secret || word instanceof Variable) return `"$${word.name}"`;
    // An empty part adds nothing; a word of only empty parts is an empty word.
    return (
      word
        .map(render)
        .filter((part) => part !== "''")
        .join('') || "''"
    );
  };

/** The word quoted for a POSIX shell, secrets by name. */
export const render = renderedBy((text) => quote(text));

/** In single quotes, fish reads two backslashes as one and other shells as two, so they are put outside of quotes. zsh
 * expands a word that begins with `=`. */
const quoteForAny: Quote = (word) => {
  if (word.startsWith('=')) return `'='${word === '=' ? '' : quoteForAny(word.slice(1))}`;
  if (word === '') return quote(word);
  return word
    .split('\\')
    .map((part) => (part === '' ? '' : quote(part)))
    .join('\\\\');
};

/** The word quoted for any login shell on a machine. */
export const renderForAnyShell = renderedBy(quoteForAny);

/** The word's bytes for a process. @throws Error if it contains a variable of the runner: such a word is only for a
 * shell on a machine. */
export function reveal(word: Word): string {
  if (typeof word === 'string') return word;
  if (word instanceof Secret) return word.reveal();
  if (word instanceof Variable) throw new Error(`$${word.name} has no value outside the runner`);
  return word.map(reveal).join('');
}

/** The word with the given variables replaced by their values. */
export function bind(word: Word, values: Readonly<Record<string, string>>): Word {
  if (typeof word === 'string' || word instanceof Secret) return word;
  if (word instanceof Variable) return values[word.name] ?? word;
  return word.map((part) => bind(part, values));
}

/** A line to paste into a shell: inserted values are quoted, the template is not. */
export const pasteable = (texts: TemplateStringsArray, ...words: readonly string[]): string =>
  texts.map((text, place) => text + (place < words.length ? quote(words[place] ?? '') : '')).join('');
