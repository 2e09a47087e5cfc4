import { type Call, givenTags, namedInstances } from './call.js';

/** What is to go wrong, and when. The first rule that meets a call has it. */
export interface FaultRule {
  /** The action's name, such as `RunInstances`, or a pattern of `service:action`. */
  readonly action: string | RegExp;
  /** Only calls that make, or are about, an instance with all of these tags. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Only calls of which this is true. */
  readonly when?: (call: Call) => boolean;
  /** So many calls are well before. */
  readonly after?: number;
  /** So many calls fail; all, if left out. */
  readonly times?: number;
  /** AWS's code of the error that is answered, such as `InsufficientInstanceCapacity`. */
  readonly code?: string;
  readonly message?: string;
  /** The connection ends without an answer: `before` anything is done, or `after` all is. */
  readonly cut?: 'before' | 'after';
  /** A list is answered with nothing in it. */
  readonly forgets?: boolean;
  /** What AWS answers in the place of moto's answer. */
  readonly instead?: (answer: string) => string;
  /** What happens when such a call has come, before anything is done. */
  readonly meanwhile?: (call: Call) => void;
}

/** A rule running. */
export class Fault {
  /** How many calls it has let fail. */
  hits = 0;
  #met = 0;
  #over = false;

  constructor(readonly rule: FaultRule) {}

  /** Nothing fails by it from now on. */
  end(): void {
    this.#over = true;
  }

  /** Whether it is about a call; that counts.
   *  @param tagsOf says the tags of the instances with these ids */
  async meets(
    call: Call,
    tagsOf: (ids: string[]) => Promise<Readonly<Record<string, string>>[]>,
  ): Promise<boolean> {
    const { action, tags, when, after = 0, times = Number.POSITIVE_INFINITY } = this.rule;
    const isAction =
      typeof action === 'string' ? action === call.action : action.test(`${call.service}:${call.action}`);
    if (this.#over || !isAction || (when && !when(call))) return false;
    if (tags) {
      const ids = namedInstances(call);
      const all = ids.length > 0 ? await tagsOf(ids) : [givenTags(call, 'instance')];
      const has = (given: Readonly<Record<string, string>>) =>
        Object.entries(tags).every(([key, value]) => given[key] === value);
      if (!all.some(has)) return false;
    }
    this.#met++;
    if (this.#met <= after || this.#met > after + times) return false;
    this.hits++;
    return true;
  }
}
