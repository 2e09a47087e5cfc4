import type { Executor } from '../../shell/executor.js';
import { configDigest } from './config-digest.js';
import { type Caller, parseRoute, type Route, resolveRoute, routeOf } from './route.js';

/** Where answers are kept between commands. */
export interface AnswerStore {
  /** '' if there are none. */
  readRoutes(): string;
  writeRoutes(text: string): void;
}

/** How long a digest counts, in milliseconds. */
const freshness = 1000;

/** The most answers that are kept: rented machines have new addresses each time. */
const most = 2000;

/** The answers of `ssh -G`. Those that depend on files alone are kept as long as the files stay the same: for a hundred
 * machines, to ask again takes a third as long as to reach them. */
export class RouteAnswers {
  #digest: { readonly value: string | null; readonly at: number } | undefined;
  #kept = new Map<string, string>();
  #isNews = false;

  constructor(
    private readonly store: AnswerStore,
    private readonly digestOf = configDigest,
  ) {}

  /** The present route to an address. @throws CommandFailed if `ssh -G` fails */
  async routeTo(
    executor: Pick<Executor, 'read'>,
    address: string,
    jump: string | null,
    caller: Caller,
  ): Promise<Route> {
    if (this.#present(caller) === null) return routeOf(executor, address, jump, caller);
    const kept = this.#kept;
    const line = resolveRoute(address, jump, caller.config);
    const key = JSON.stringify(line.argv);
    let text = kept.get(key);
    if (text === undefined) {
      text = await executor.read(line);
      kept.set(key, text);
      this.#isNews = true;
    }
    return parseRoute(text, address, caller);
  }

  /** Keeps the answers for later commands, if there is room for them. */
  save(): void {
    if (!this.#isNews || !this.#digest?.value) return;
    this.#isNews = false;
    const text = JSON.stringify({ digest: this.#digest.value, answers: [...this.#kept].slice(-most) });
    try {
      this.store.writeRoutes(text);
    } catch {
      // On a full disk a look still works: they are asked for again.
    }
  }

  #present({ config }: Caller): string | null {
    if (this.#digest && Date.now() - this.#digest.at < freshness) return this.#digest.value;
    const before = this.#digest?.value;
    const value = this.digestOf(config);
    this.#digest = { value, at: Date.now() };
    if (value !== before || before === undefined) this.#kept = keptFor(value, this.store);
    return value;
  }
}

/** None for other files, or if what is kept is damaged. */
function keptFor(digest: string | null, store: AnswerStore): Map<string, string> {
  try {
    const kept = JSON.parse(store.readRoutes()) as { digest?: unknown; answers?: unknown };
    if (digest === null || kept.digest !== digest || !Array.isArray(kept.answers)) return new Map();
    const isAnswer = (one: unknown): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && one.every((word) => typeof word === 'string');
    return new Map(kept.answers.filter(isAnswer));
  } catch {
    return new Map();
  }
}
