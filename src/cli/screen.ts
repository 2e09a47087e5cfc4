import { cutAtEnd } from './fold.js';
import { dim, present, type Text, wantsColors } from './style.js';
import { visibleLine } from './text.js';

const eraseLine = '\u001b[K';

/** A picture that is redrawn: in place on a terminal; elsewhere only its news is printed. */
export interface Live {
  /** @param news one line that says what changed, for outputs that cannot be redrawn */
  show(picture: Text, news: string): void;
  done(): void;
}

/** Whether a picture can be redrawn in place. */
export const canRedraw = (stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && env.TERM !== 'dumb';

/** Columns of a stream: those of its terminal (80 if it reports none); no limit for files and pipes, unless COLUMNS is
 * set. */
export function columnsOf(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  { COLUMNS }: NodeJS.ProcessEnv,
): number {
  if (isTTY) return columns || 80;
  const wanted = Number(COLUMNS);
  return Number.isSafeInteger(wanted) && wanted > 0 ? wanted : Number.POSITIVE_INFINITY;
}

interface Drawing {
  (picture: string): void;
  clear(): void;
  done(): void;
}

/** Writes to a stream, standard error: lines that stay, and below them, on a terminal, the live picture if there is
 * one. Everything but our own styles is escaped. */
export class Screen {
  #drawing: Drawing | null = null;
  #picture = '';
  /** An unfinished line, while there is a picture. */
  #rest = '';
  /** Whether the passing line is shown; it is erased before anything else is written. */
  #passing = false;

  constructor(
    readonly stream: NodeJS.WriteStream,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** In columns. Without a terminal lines are not broken: COLUMNS applies to tables only. */
  get width(): number {
    return columnsOf(this.stream, {});
  }

  /** Whether shown lines can be redrawn. */
  get redraws(): boolean {
    return canRedraw(this.stream, this.env);
  }

  /** Adds to the lines that stay. */
  write(text: Text): void {
    this.clear();
    const all = this.#rest + this.#present(text);
    if (!this.#drawing) {
      this.stream.write(all);
      return;
    }
    const whole = all.lastIndexOf('\n') + 1;
    const lines = all.slice(0, whole);
    this.#rest = all.slice(whole);
    if (lines === '') return;
    this.#drawing.clear();
    this.stream.write(lines);
    this.#drawing(this.#picture);
  }

  /** Shows a line in place of the previous one, until something else is shown. Does nothing if the output cannot be
   * redrawn. */
  pass(text: string): void {
    if (this.#drawing || !this.redraws) return;
    const line = this.#present(dim(cutAtEnd(visibleLine(text), this.width - 1)));
    this.stream.write(`\r${eraseLine}${line}`);
    this.#passing = true;
  }

  /** Erases the passing line: before another stream of the same terminal is written to. */
  clear(): void {
    if (this.#passing) this.stream.write(`\r${eraseLine}`);
    this.#passing = false;
  }

  /** Begins a picture. Only one is shown at a time. */
  async live(): Promise<Live> {
    if (!this.redraws) return this.#news();
    if (this.#drawing) return { show: () => {}, done: () => {} };
    this.clear();
    const { createLogUpdate } = await import('log-update');
    const drawing = createLogUpdate(this.stream);
    this.#drawing = drawing;
    return {
      show: (picture) => {
        this.#picture = this.#present(picture);
        drawing(this.#picture);
      },
      done: () => {
        drawing.done();
        this.#drawing = null;
        this.#picture = '';
        this.stream.write(this.#rest);
        this.#rest = '';
      },
    };
  }

  #present(text: Text): string {
    return present(text, wantsColors(this.stream, this.env));
  }

  #news(): Live {
    let last = '';
    return {
      show: (_, news) => {
        if (news !== last) this.write(`${news}\n`);
        last = news;
      },
      done: () => {},
    };
  }
}
