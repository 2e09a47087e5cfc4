import { present, type Text, wantsColors } from './style.js';

/** A picture that is drawn again and again: in place on a terminal; elsewhere only when it says something new. */
export interface Live {
  /** @param news one line that tells what changed, for where nothing can be redrawn */
  show(picture: Text, news: string): void;
  done(): void;
}

/** Whether a picture can be drawn over another there. */
export const canRedraw = (stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && env.TERM !== 'dumb';

interface Drawing {
  (picture: string): void;
  clear(): void;
  done(): void;
}

/** The way to a stream: what is written is escaped but for our own styles.
 *  Standard error: lines that stay, and below them, on a terminal, a picture for as long as there is one. */
export class Screen {
  #drawing: Drawing | null = null;
  #picture = '';
  /** A line that has yet to end, while there is a picture. */
  #rest = '';

  constructor(
    readonly stream: NodeJS.WriteStream,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Adds text to the lines that stay. */
  write(text: Text): void {
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

  /** Begins a picture. While there is one, another is not shown. */
  async live(): Promise<Live> {
    if (!canRedraw(this.stream, this.env)) return this.#news();
    if (this.#drawing) return { show: () => {}, done: () => {} };
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
