/** A cache of answers, by question, each valid for some time. */
export class Recent<T> {
  readonly #answers = new Map<string, { readonly at: number; readonly answer: T }>();

  /** @param freshness how long an answer is valid, in milliseconds */
  constructor(private readonly freshness: number) {}

  /** The cached answer if it is still valid; otherwise a new one. Errors are not cached. */
  async of(question: string, ask: () => Promise<T>): Promise<T> {
    const before = this.#answers.get(question);
    if (before && Date.now() - before.at < this.freshness) return before.answer;
    const answer = await ask();
    this.#answers.set(question, { at: Date.now(), answer });
    return answer;
  }

  clear(): void {
    this.#answers.clear();
  }
}
