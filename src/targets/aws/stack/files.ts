import { existsSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StackPlan } from '../../../../stacks/stack-plan.js';
import { writeAtomically } from '../../../shell/atomic-file.js';
import { command } from '../../../shell/command.js';
import { stackFile } from '../../../tools/terraform/lines.js';
import type { TargetContext } from '../../context.js';

/** The plan of the stack, including host keys. */
const planFile = 'plan.json';

/** The addresses from which the machines certainly accept SSH; the plan is written before AWS applies it. */
const openFile = 'open';

/** The files of a deployment's stack, readable by their owner only: its plan, and Terraform's input. */
export class StackFiles {
  constructor(
    private readonly context: Pick<TargetContext, 'executor'>,
    private readonly deployment: string,
    readonly folder: string,
  ) {}

  /** The last plan of this deployment; null: none yet. */
  read(): StackPlan | null {
    const plan = this.#any();
    return plan?.deployment === this.deployment ? plan : null;
  }

  /** Creates the folder. Files of another deployment in it are moved aside. */
  async prepare(): Promise<void> {
    const { executor } = this.context;
    const plan = this.#any();
    if (plan && plan.deployment !== this.deployment && !executor.dryRun)
      renameSync(this.folder, `${this.folder}-${plan.deployment}`);
    await executor.change(command('mkdir', '-p', '-m', '700', dirname(this.folder), this.folder));
  }

  async write(plan: StackPlan): Promise<void> {
    const { executor } = this.context;
    const path = join(this.folder, stackFile);
    executor.journal.mention(`${path}: the stack of ${plan.machines.length} machines, as Terraform reads it`);
    if (executor.dryRun) return;
    const { synthesize } = await import('../../../../stacks/synthesize.js');
    writeAtomically(join(this.folder, planFile), `${JSON.stringify(plan, null, 2)}\n`, 0o600);
    writeAtomically(path, synthesize(plan), 0o600);
  }

  /** The addresses from which the machines accept SSH, as AWS confirmed; null: unknown. */
  get open(): string | null {
    const path = join(this.folder, openFile);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  }

  noteOpen(sshCidr: string): void {
    writeAtomically(join(this.folder, openFile), sshCidr);
  }

  #any(): StackPlan | null {
    const path = join(this.folder, planFile);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StackPlan) : null;
  }
}
