import { UserError } from '../../errors.js';
import type { ExperimentStatus } from '../look/rows.js';
import type { Session } from '../session.js';
import type { Chore } from './chore.js';

/** Runs chores, each at its own interval. */
export class Chores {
  readonly #next = new Map<Chore, number>();
  readonly #running = new Map<Chore, Promise<void>>();

  constructor(
    private readonly session: Pick<Session, 'notify' | 'now'>,
    private readonly chores: readonly Chore[],
  ) {}

  /** Runs the chores that are due, in order. */
  async do(status: ExperimentStatus): Promise<void> {
    for (const chore of this.chores) {
      const now = this.session.now().getTime();
      const isHeld = chore.locks && [...this.#running.keys()].some(({ locks }) => locks);
      const mayRun = !isHeld && !this.#running.has(chore) && now >= (this.#next.get(chore) ?? 0);
      if (!mayRun || !chore.due(status)) continue;
      this.#next.set(chore, now + chore.every);
      const done = this.#try(chore, status);
      if (!chore.background) await done;
      else
        this.#running.set(
          chore,
          done.finally(() => this.#running.delete(chore)),
        );
    }
  }

  /** Why no chore does more for the jobs that are left; null: one may. */
  givenUp(status: ExperimentStatus): string | null {
    return this.chores.map((chore) => chore.givenUp?.(status) ?? null).find((why) => why !== null) ?? null;
  }

  /** Waits for chores in the background. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #try(chore: Chore, status: ExperimentStatus): Promise<void> {
    try {
      await chore.do(status);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.session.notify.warn(error.message);
    }
  }
}
