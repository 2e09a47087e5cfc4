import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackPlan } from '../../../../stacks/stack-plan.js';
import { ownLine } from '../../../errors.js';
import { writeAtomically } from '../../../shell/atomic-file.js';
import { signInAfter } from '../../../tools/aws/sign-in.js';
import { unheard } from '../../../tools/terraform/lines.js';
import type { Progress } from '../../../tools/terraform/progress.js';
import { idsInState, type MachineOutput, machinesIn } from '../../../tools/terraform/state.js';
import { Terraform } from '../../../tools/terraform/terraform.js';
import { TerraformFailed } from '../../../tools/terraform/version.js';
import type { TargetContext } from '../../context.js';

/** Terraform in a deployment's folder, initialised at first use. */
export class Workspace {
  readonly #terraform: Terraform;
  /** `terraform init` has been run, or printed. */
  #isReady = false;

  constructor(
    private readonly context: Pick<TargetContext, 'executor' | 'env' | 'home' | 'note'>,
    private readonly deployment: string,
    readonly folder: string,
  ) {
    const pluginCache = join(context.home, '.logistician', 'plugin-cache');
    const at = { folder, pluginCache, unheard: unheard(context.env) };
    this.#terraform = new Terraform(context.executor, at, context.note);
  }

  /** Waits for another Terraform process in this folder. */
  others(): Promise<void> {
    return this.#terraform.others();
  }

  async init(state: StackPlan['state']): Promise<void> {
    const mark = join(this.folder, 'initialized');
    this.#isReady ||= existsSync(mark) && readFileSync(mark, 'utf8') === this.deployment;
    if (this.#isReady) return;
    await this.#terraform.init();
    if (state) await this.#terraform.claimState(this.deployment);
    if (!this.context.executor.dryRun) writeAtomically(mark, this.deployment);
    this.#isReady = true;
  }

  /** @returns how it ended, and the machines that exist afterwards, by condition */
  async apply(
    show: (progress: Progress) => void,
  ): Promise<{ progress: Progress; up: ReadonlyMap<string, MachineOutput> }> {
    const progress = await this.#terraform
      .apply(show)
      .catch((error: unknown) => halfDone(error, this.context.env));
    if (this.context.executor.dryRun) return { progress, up: new Map() };
    return { progress, up: machinesIn(await this.#terraform.outputs(progress)) };
  }

  destroy(show: (progress: Progress) => void): Promise<Progress> {
    return this.#terraform.destroy(show);
  }

  /** What an apply would do, as Terraform prints it; no plan is stored.
   * @param replaced addresses of resources that would be replaced */
  async plan(replaced: readonly string[]): Promise<string> {
    await this.#terraform.init();
    return this.#terraform.plan(replaced);
  }

  /** Ids of everything in Terraform's state. @param plan that of the stack; null: none yet */
  async ids(plan: StackPlan | null): Promise<Set<string>> {
    if (plan) await this.init(plan.state);
    return idsInState(await this.#terraform.state((plan?.state ?? null) !== null));
  }
}

/** Adds the commands that continue or roll back. */
function halfDone(error: unknown, env: NodeJS.ProcessEnv): never {
  if (!(error instanceof TerraformFailed)) throw error;
  throw new TerraformFailed(error.message, [
    ...signInAfter(error.message, env),
    ownLine('deploy', [], 'continues from there'),
    ownLine('terminate', [], 'rolls everything back'),
    ...error.suggestions,
  ]);
}
