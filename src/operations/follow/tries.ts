import type { PlaceProblem } from '../../targets/target.js';

/** Pauses between tries, in milliseconds: the first, and the longest, which is reached by doubling. */
const first = 10_000;
const longest = 600_000;

/** So many tries that fail in a row are enough. The pauses between them are twenty minutes in all. */
const most = 8;

/** When to try again what has failed, and when to give up. Pure. */
export class Tries {
  #failed = 0;
  #next = 0;
  #why: string | null = null;

  /** Whether it is time for the next try. @param now in milliseconds, as `note` */
  mayTry(now: number): boolean {
    return this.#why === null && now >= this.#next;
  }

  /** @param problems of a try, all of which count until one has none */
  note(problems: readonly Pick<PlaceProblem, 'problem' | 'isFinal'>[], now: number): void {
    this.#failed = problems.length === 0 ? 0 : this.#failed + 1;
    this.#next = now + Math.min(longest, first * 2 ** Math.max(0, this.#failed - 1));
    const [one] = problems;
    const isInVain = one !== undefined && problems.every(({ isFinal }) => isFinal);
    if (one && (isInVain || this.#failed >= most)) this.#why = one.problem.message;
  }

  /** Why no more is tried; null: more is. */
  get givenUp(): string | null {
    return this.#why;
  }
}
