import { ownLine, UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import type { Recipe } from '../../recipe/recipe.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { folderId } from '../../source/folder-id.js';
import type { Bundle, LaunchedJob, Offer, PlaceProblem, Target } from '../../targets/target.js';
import { type Experiment, gitVersion } from '../experiment.js';
import { movedRecord, newRecord } from '../receipt.js';
import type { Session } from '../session.js';
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
  /** The deployment, without the jobs that are new to it. */
  readonly draft: Deployment;
  readonly bundle: Bundle;
}

/** The runs of a launch, as they are written down before anything is sent: new ones from the plan's recipes, those that
 *  were recorded before and not delivered from their receipts. */
export class RecordedRuns {
  readonly deployment: Deployment;
  /** Runs that cannot be delivered as they were recorded. */
  readonly problems: PlaceProblem[] = [];

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

  /** Makes a folder for each new run, or for none. */
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
  write(): readonly LaunchedJob[] {
    return [...this.claimed.map((one) => this.#record(one)), ...this.#undelivered()];
  }

  /** Forgets the new runs: none has begun. */
  takeBack(): void {
    this.experiment.runs.discard(this.claimed.map(({ job }) => job.run));
  }

  #record({ condition, offer, job }: Claimed): LaunchedJob {
    const recipe = recipeIn(this.subject.plan, condition);
    const record = newRecord(this.session, recipe, {
      id: job.run,
      deployment: this.deployment.id,
      docker: this.experiment.parameters.dockerCommand,
      git: this.git,
      ...this.#placing(recipe, job.run, offer),
    });
    this.experiment.deployments.keepReceipt(record);
    this.experiment.runs.write(record);
    return { ...job, recipe };
  }

  /** Jobs that were recorded before and not delivered, at places that answer. They run as they were recorded. */
  #undelivered(): LaunchedJob[] {
    const { plan } = this.subject;
    const moves = new Map(plan.moves.map((move) => [move.job.run, move]));
    const wanted = new Set([...plan.undelivered.map(({ run }) => run), ...moves.keys()]);
    const answering = new Set(plan.offers.map(({ place }) => place.name));
    return this.deployment.jobs
      .filter((job) => wanted.has(job.run) && answering.has(job.place))
      .flatMap((job) => this.#recordedBefore(job, moves.get(job.run)) ?? []);
  }

  #recordedBefore(job: DeployedJob, move: Move | undefined): LaunchedJob | null {
    const { runs, deployments } = this.experiment;
    // Not the one in the tree: what a job is told to do is nothing that another could have written.
    const record = deployments.keptReceipt(job.run);
    if (!record) throw new Error(`${job.run} has no receipt`);
    const { recipe } = record;
    const changed = changedInput(recipe);
    if (changed) {
      this.problems.push({ place: job.place, problem: new InputChanged(job.condition, changed) });
      return null;
    }
    if (move) {
      const moved = movedRecord(record, this.#placing(recipe, job.run, move.to));
      deployments.keepReceipt(moved);
      runs.write(moved);
    }
    return { ...job, recipe };
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

/** The receipt says what the job would read, and it would read something else. */
class InputChanged extends UserError {
  constructor(condition: string, { name, path }: { name: string; path: string }) {
    super(
      `${condition} was recorded with other files in its input "${name}" (${path}), and has not been delivered: its receipt would not be true.`,
      [ownLine('stop', [condition]), ownLine('deploy', ['--only', condition], 'with the files of now')],
    );
  }
}

function changedInput({ inputs }: Recipe): { name: string; path: string } | null {
  for (const [name, { path, id }] of Object.entries(inputs))
    if (id !== null && folderId(path) !== id) return { name, path };
  return null;
}
