/** Answers that hold for some time, by question. */
export class Recent<T> {
  readonly #answers = new Map<string, { readonly at: number; readonly answer: T }>();

  /** @param freshness how long an answer holds, in milliseconds */
  constructor(private readonly freshness: number) {}

  /** The last answer, if it still holds; otherwise a new one. What throws is asked again. */
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
