import { UserError } from '../errors.js';

// Pure: the words of the language of `--where`, `--sort`, `--columns`, `--group-by` and `--by`.

/** A text of that language that cannot be read, or that names what does not exist. */
export class WrongQuery extends UserError {
  constructor(message: string) {
    super(message, [], { exit: 2 });
  }
}

export interface Token {
  readonly kind: 'word' | 'quoted' | 'sign' | 'end';
  readonly text: string;
  /** Offset of its first character, and of the one behind it. */
  readonly from: number;
  readonly to: number;
}

const signs = /(?:==|!=|<=|>=|[=<>()[\],])/y;
const words = /[^\s=!<>()[\],"']+/y;
/** Behind a sign of comparison: `64,32` and `a=b` are one value. */
const values = /\[[^\]]*\]|[^\s()"']+/y;
const quoted = /"[^"]*"|'[^']*'/y;

/** Reads a text token by token. */
export class Tokens {
  #at = 0;

  /** @param flag the text is that of: `--where` */
  constructor(
    readonly flag: string,
    readonly text: string,
  ) {}

  /** The next token, which stays. */
  peek(): Token {
    return this.#read(this.#at, words);
  }

  next(): Token {
    const token = this.peek();
    this.#at = token.to;
    return token;
  }

  /** The next one as a value. */
  value(): Token {
    const token = this.#read(this.#at, values);
    if (token.kind === 'end' || token.kind === 'sign') this.fail('a value', token);
    this.#at = token.to;
    return token.kind === 'word' ? { ...token, text: token.text.replace(/^\[(.*)\]$/s, '$1') } : token;
  }

  /** Whether the next one is this word, of any case, or sign; then it is taken. */
  take(...wanted: readonly string[]): boolean {
    const token = this.peek();
    const is = token.kind !== 'quoted' && wanted.includes(token.text.toLowerCase());
    if (is && token.kind !== 'end') this.#at = token.to;
    return is && token.kind !== 'end';
  }

  /** Takes a dash in front of a name; two are a part of it. */
  takeDash(): boolean {
    const { kind, text, from } = this.peek();
    const is = kind === 'word' && /^-(?!-)/.test(text);
    if (is) this.#at = from + 1;
    return is;
  }

  get isAtEnd(): boolean {
    return this.peek().kind === 'end';
  }

  #read(at: number, word: RegExp): Token {
    const from = at + (/^\s*/.exec(this.text.slice(at))?.[0].length ?? 0);
    const token = (kind: Token['kind'], text: string, length: number): Token => ({
      kind,
      text,
      from,
      to: from + length,
    });
    if (from >= this.text.length) return token('end', '', 0);
    const quote = match(quoted, this.text, from);
    if (quote !== null) return token('quoted', quote.slice(1, -1), quote.length);
    if (/["']/.test(this.text[from] ?? ''))
      throw this.#error('this quote is not closed', this.text.slice(from), from);
    // Where a value is wanted, `[1,2]` is one.
    const found = word === values ? match(values, this.text, from) : match(signs, this.text, from);
    if (found !== null) return token(word === values ? 'word' : 'sign', found, found.length);
    const plain = match(words, this.text, from);
    return plain === null ? token('sign', this.text[from] ?? '', 1) : token('word', plain, plain.length);
  }

  /** @param wanted what was expected: `a name` */
  fail(wanted: string, token = this.peek()): never {
    const found = token.kind === 'end' ? null : this.text.slice(token.from, token.to);
    throw this.#error(`expected ${wanted}`, found, token.from);
  }

  #error(what: string, found: string | null, from: number): WrongQuery {
    const place = found === null ? 'at its end' : `at "${found.slice(0, 40)}", character ${from + 1}`;
    return new WrongQuery(`${this.flag} "${this.text}": ${what} ${place}.`);
  }
}

function match(pattern: RegExp, text: string, from: number): string | null {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0] ?? null;
}
