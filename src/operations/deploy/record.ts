import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Continued, Recipe } from '../../recipe/recipe.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import type { InputId } from '../../source/input-id.js';
import type { Bundle, LaunchedJob, Offer, PlaceProblem, Target } from '../../targets/target.js';
import { type Experiment, gitVersion } from '../experiment.js';
import { lookAtInputOf } from '../inputs.js';
import { movedRecord, newRecord } from '../receipt.js';
import type { Session } from '../session.js';
import { stateOf } from './continue.js';
import { type DeployPlan, recipeIn } from './decide.js';
import { withMoves } from './moves.js';
import type { Move } from './placement.js';

/** A new run of a condition, with a folder of its own. */
interface Claimed {
  readonly condition: Condition;
  readonly offer: Offer;
  readonly job: DeployedJob;
}

interface Subject {
  readonly plan: DeployPlan;
  readonly target: Target;
  /** The deployment, without its new jobs. */
  readonly draft: Deployment;
  readonly bundle: Bundle;
  /** The state from which conditions continue, by condition. */
  readonly continued: ReadonlyMap<string, Continued>;
}

/** The runs of a launch, recorded before anything is sent: new ones from the plan's recipes; those recorded earlier and
 * not delivered from their receipts. */
export class RecordedRuns {
  readonly deployment: Deployment;
  /** Runs that can no longer be delivered as they were recorded. */
  readonly problems: PlaceProblem[] = [];
  /** The present contents of inputs of jobs that were recorded earlier, by path. */
  readonly #inputs = new Map<string, Promise<InputId>>();

  private constructor(
    private readonly session: Session,
    private readonly experiment: Experiment,
    private readonly subject: Subject,
    private readonly claimed: readonly Claimed[],
    private readonly git: string,
  ) {
    const { draft, plan } = subject;
    const before = withMoves(draft.jobs, plan.moves, (move) => this.#folderOf(move));
    this.deployment = { ...draft, jobs: [...before, ...claimed.map(({ job }) => job)] };
  }

  /** Creates a folder for each new run, or for none. */
  static async claim(session: Session, experiment: Experiment, subject: Subject): Promise<RecordedRuns> {
    const { runs, parametersText } = experiment;
    const { plan, target, draft, bundle } = subject;
    const made: Claimed[] = [];
    const claimed: string[] = [];
    try {
      for (const [index, condition] of plan.run.entries()) {
        const offer = plan.assigned[index];
        if (!offer) throw new Error(`no place for ${condition.id}`);
        const run = runs.claim(condition.id, session.now(), parametersText);
        claimed.push(run);
        const { folder } = target.placed(draft, offer.place, run, recipeIn(plan, condition), bundle);
        made.push({
          condition,
          offer,
          job: { run, condition: condition.id, place: offer.place.name, folder },
        });
      }
      return new RecordedRuns(session, experiment, subject, made, await gitVersion(experiment));
    } catch (error) {
      runs.discard(claimed);
      throw error;
    }
  }

  /** Writes the receipts. @returns the jobs to be launched */
  async write(): Promise<readonly LaunchedJob[]> {
    const fresh = this.claimed.map((one) => this.#record(one));
    return [...fresh, ...(await this.#undelivered())];
  }

  /** Rolls back the new runs: none has begun. */
  takeBack(): void {
    this.experiment.runs.discard(this.claimed.map(({ job }) => job.run));
  }

  #record({ condition, offer, job }: Claimed): LaunchedJob {
    const continues = this.subject.continued.get(condition.id);
    const recipe = { ...recipeIn(this.subject.plan, condition), ...(continues && { continues }) };
    const record = newRecord(this.session, recipe, {
      id: job.run,
      deployment: this.deployment.id,
      docker: this.experiment.parameters.dockerCommand,
      git: this.git,
      message: this.subject.plan.message,
      cameFrom: this.subject.plan.cameFrom.get(condition.id) ?? null,
      ...this.#placing(recipe, job.run, offer),
    });
    this.experiment.deployments.keepReceipt(record);
    this.experiment.runs.write(record);
    return { ...job, recipe, state: this.#stateFor(recipe) };
  }

  /** The folder of the state from which it continues; null: it starts with none, or the folder is gone. */
  #stateFor({ continues }: Recipe): string | null {
    return continues ? stateOf(this.experiment.runs, continues.run) : null;
  }

  /** Jobs that were recorded earlier and not delivered, at reachable places. They run as they were recorded. */
  async #undelivered(): Promise<readonly LaunchedJob[]> {
    const { plan } = this.subject;
    const moves = new Map(plan.moves.map((move) => [move.job.run, move]));
    const wanted = new Set([...plan.undelivered.map(({ run }) => run), ...moves.keys()]);
    const answering = new Set(plan.offers.map(({ place }) => place.name));
    const jobs = this.deployment.jobs.filter((job) => wanted.has(job.run) && answering.has(job.place));
    const launched: LaunchedJob[] = [];
    for (const job of jobs) launched.push(...(await this.#recordedBefore(job, moves.get(job.run))));
    return launched;
  }

  /** @returns none, and notes the problem, if it can no longer be delivered as it was recorded */
  async #recordedBefore(job: DeployedJob, move: Move | undefined): Promise<readonly LaunchedJob[]> {
    const { runs, deployments } = this.experiment;
    // Not the receipt in the tree: another user could have written that.
    const record = deployments.keptReceipt(job.run);
    if (!record) throw new Error(`${job.run} has no receipt`);
    const { recipe } = record;
    const changed = await this.#changedInput(recipe);
    if (changed) {
      this.problems.push({ place: job.place, problem: new InputChanged(job.condition, changed) });
      return [];
    }
    const state = this.#stateFor(recipe);
    if (recipe.continues && state === null) {
      const problem = new StateGone(job.condition, recipe.continues.run);
      this.problems.push({ place: job.place, problem });
      return [];
    }
    if (move) {
      const moved = movedRecord(record, this.#placing(recipe, job.run, move.to));
      deployments.keepReceipt(moved);
      runs.write(moved);
    }
    return [{ ...job, recipe, state }];
  }

  async #changedInput({ inputs }: Recipe): Promise<{ name: string; path: string } | null> {
    for (const [name, { path, id, hash }] of Object.entries(inputs)) {
      const look = this.#inputs.get(path) ?? lookAtInputOf(this.session, name, path);
      this.#inputs.set(path, look);
      const now = await look;
      const isSame = hash && now.hash ? hash === now.hash : id === null || id === now.id;
      if (!isSame) return { name, path };
    }
    return null;
  }

  #placing(recipe: Recipe, run: string, { place, facts }: Offer) {
    const { target, draft, bundle } = this.subject;
    const placed = target.placed(draft, place, run, recipe, bundle);
    return { target: target.name, machine: facts, placed };
  }

  #folderOf({ job, to }: Move): string {
    const { target, draft, bundle } = this.subject;
    const recipe = this.experiment.deployments.keptReceipt(job.run)?.recipe;
    if (!recipe) throw new Error(`${job.run} has no receipt`);
    return target.placed(draft, to.place, job.run, recipe, bundle).folder;
  }
}

/** The job would read other files than its receipt says. */
class InputChanged extends UserError {
  constructor(condition: string, { name, path }: { name: string; path: string }) {
    super(
      `${condition} was recorded with other files in its input "${name}" (${path}), and has not been delivered: its receipt would not be true.`,
      [ownLine('stop', [condition]), ownLine('deploy', ['--only', condition], 'with the present files')],
    );
  }
}

/** The state from which the job continues, by its receipt, is gone. */
class StateGone extends UserError {
  constructor(condition: string, run: string) {
    super(
      `${condition} was recorded to continue from the state of ${run}, and has not been delivered: that state is not in runs/ any more.`,
      [ownLine('stop', [condition]), ownLine('deploy', ['--only', condition], 'starts from the beginning')],
    );
  }
}
