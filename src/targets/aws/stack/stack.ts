import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { machineAddress, type StackPlan, tagKeys } from '../../../../stacks/stack-plan.js';
import type { Deployment } from '../../../runs/deployment.js';
import type { LiveDeployment } from '../../../runs/deployment-store.js';
import { command } from '../../../shell/command.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import { AwsCli } from '../../../tools/aws/cli.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { HostKey } from '../../../tools/ssh/known-hosts.js';
import { stateFile } from '../../../tools/terraform/lines.js';
import type { Progress } from '../../../tools/terraform/progress.js';
import { TerraformFailed } from '../../../tools/terraform/version.js';
import type { TargetContext } from '../../context.js';
import type { SshAccess } from '../../over-ssh/access.js';
import type { AwsAccount } from '../account.js';
import { noteDeployment } from '../cleanup/made-here.js';
import { AwsTagged } from '../cleanup/tagged.js';
import { AwsUntracked } from '../cleanup/untracked.js';
import { type AwsMachine, type AwsPlace, machinesOf, sharedPlace } from '../place.js';
import { StackFiles } from './files.js';
import { type Applied, type Change, type SharedSettings, stackPlan, wantedMachines } from './plan.js';
import { type Failure, failures, otherFailures, showEnds, showSteps } from './progress.js';
import { sharedSettings, userDataOf } from './shared-settings.js';
import { Workspace } from './workspace.js';

const none: ReadonlySet<string> = new Set();

/** The input of a stack's plan. */
interface Basis {
  readonly shared: AwsPlace;
  /** Machines that must exist. */
  readonly wanted: readonly AwsMachine[];
  readonly settings: SharedSettings;
  /** The previous plan; null: none. */
  readonly before: StackPlan | null;
  readonly live: readonly InstanceFacts[];
  /** Programs that new machines install in addition to the usual ones. */
  readonly programs: readonly string[];
}

/** All resources of one deployment at AWS: the stack in its folder terraform/, and those that a crash left outside of
 * it. */
export class AwsStack {
  readonly #files: StackFiles;
  readonly #workspace: Workspace;
  readonly #tagged: AwsTagged;
  readonly untracked: AwsUntracked;

  /** @throws AwsRefused, OtherAccount */
  static async open(
    context: TargetContext,
    account: AwsAccount,
    access: SshAccess,
    deployment: Deployment,
  ): Promise<AwsStack> {
    const shared = sharedPlace(machinesOf(deployment));
    if (!shared) throw new Error(`deployment ${deployment.id} has no machine left`);
    return new AwsStack(context, deployment, access, await account.openOf(shared));
  }

  private constructor(
    private readonly context: TargetContext,
    private readonly deployment: Pick<Deployment, 'id' | 'experiment'>,
    private readonly access: SshAccess,
    api: AwsApi,
  ) {
    this.#tagged = new AwsTagged(new AwsCli(context.executor, api), deployment.id);
    const folder = context.deployments.terraform;
    this.#files = new StackFiles(context, deployment.id, folder);
    this.#workspace = new Workspace(context, deployment.id, folder);
    this.untracked = new AwsUntracked(context, this.#tagged, folder, () =>
      this.#workspace.ids(this.#files.read()),
    );
  }

  /** Lets Terraform create, keep and terminate machines: launched ones are created, existing ones are kept unless they
   * leave. No condition ever gets two.
   * @param live the lock of the deployment: of two concurrent applies, one would terminate the other's machines */
  async apply(live: LiveDeployment, change: Change = {}): Promise<Applied> {
    const { launching = none, leaving = none, programs = [], rule = 'for us' } = change;
    await this.#workspace.others();
    const { executor, home, deployments } = this.context;
    const machines = machinesOf(live.now).filter(({ name }) => !leaving.has(name));
    await this.#files.prepare();
    if (!executor.dryRun) noteDeployment(home, this.deployment.id, deployments.folder);
    const before = this.#files.read();
    const existing = await this.untracked.end(machines);
    const wanted = wantedMachines(machines, launching, existing);
    const shared = this.#shared(wanted, machines);
    const settings =
      before && rule === 'as it is' ? before : await sharedSettings(this.context, shared, before);
    const pin = (name: string, key: HostKey) => this.access.pin(name, key);
    const plan = this.#plan({ shared, wanted, settings, before, live: existing, programs }, pin);
    await this.#files.write(plan);
    await this.#workspace.init(plan.state);
    const old = new Set(existing.map(({ tags }) => tags[tagKeys.condition]));
    const fresh = wanted.filter(({ name }) => !old.has(name)).map(({ name }) => name);
    const show = showSteps(this.context, executor.dryRun ? [] : fresh);
    const { progress, up } = await this.#workspace.apply(show);
    const { sshCidr } = settings;
    const other = otherFailures(progress);
    if (other.length === 0 && !executor.dryRun) this.#files.noteOpen(sshCidr);
    return { up, failed: await this.#failed(progress), other, sshCidr };
  }

  /** Why machines were not created. One that AWS lists was not refused. */
  async #failed(progress: Progress): Promise<Map<string, Failure>> {
    const failed = failures(progress);
    if (![...failed.values()].some(({ refused }) => refused)) return failed;
    for (const { tags } of await this.#tagged.instances()) {
      const condition = tags[tagKeys.condition] ?? '';
      const failure = failed.get(condition);
      if (failure) failed.set(condition, { ...failure, refused: false });
    }
    return failed;
  }

  /** What `apply` would do, as Terraform prints it. Changes nothing, here or at AWS.
   * @param replaced machines that are terminated first, to be replaced */
  async preview(
    machines: readonly AwsMachine[],
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
  ): Promise<string> {
    await this.#workspace.others();
    const { executor } = this.context;
    const before = this.#files.read();
    const live = await this.#tagged.instances();
    const wanted = wantedMachines(machines, launching, live);
    const shared = this.#shared(wanted, machines);
    const settings = await sharedSettings(this.context, shared, before);
    const scratch = new StackFiles(this.context, this.deployment.id, `${this.#files.folder}-preview`);
    const state = join(this.#files.folder, stateFile);
    try {
      await executor.change(command('rm', '-rf', scratch.folder));
      await scratch.prepare();
      await scratch.write(this.#plan({ shared, wanted, settings, before, live, programs: [] }, () => {}));
      if (before && existsSync(state)) await executor.change(command('cp', '-p', state, scratch.folder));
      const workspace = new Workspace(this.context, this.deployment.id, scratch.folder);
      return await workspace.plan([...replaced].map(machineAddress));
    } finally {
      await executor.change(command('rm', '-rf', scratch.folder));
    }
  }

  /** Settings that all machines share. */
  #shared(wanted: readonly AwsMachine[], machines: readonly AwsMachine[]): AwsPlace {
    const first = wanted[0] ?? machines[0];
    if (!first) throw new Error(`deployment ${this.deployment.id} has no machine`);
    return first.own;
  }

  #plan(
    { shared, wanted, settings, before, live, programs }: Basis,
    pin: (machine: string, key: HostKey) => void,
  ): StackPlan {
    const { sshCidr, publicKey, tags } = settings;
    const userData = userDataOf(this.context, wanted, before, live, programs, pin);
    return stackPlan(this.deployment, wanted, shared, { sshCidr, publicKey, tags }, userData);
  }

  /** The addresses from which the machines accept SSH. */
  get sshCidr(): string {
    return this.#files.read()?.sshCidr ?? '';
  }

  /** Whether the machines accept SSH only from other addresses than this computer's. */
  async isShut(machines: readonly AwsMachine[]): Promise<boolean> {
    const before = this.#files.read();
    if (before === null) return false;
    const open = this.#files.open ?? before.sshCidr;
    return open !== (await sharedSettings(this.context, this.#shared([], machines), before)).sshCidr;
  }

  /** Destroys everything, even resources missing from Terraform's state. Repeated, it does nothing.
   * @param _live the lock of the deployment */
  async destroy(_live: LiveDeployment): Promise<void> {
    await this.#workspace.others();
    const before = this.#files.read();
    if (before) {
      try {
        await this.#workspace.init(before.state);
        const progress = await this.#workspace.destroy(showEnds(this.context));
        const left = [
          ...otherFailures(progress),
          ...[...failures(progress).values()].map(({ text }) => text),
        ];
        for (const text of left) this.context.note(`Terraform could not destroy everything: ${text}`);
      } catch (error) {
        if (!(error instanceof TerraformFailed)) throw error;
        this.context.note(`${error.message}\nTerminating what is left at AWS by its tag.`);
      }
    }
    // In a dry run everything that Terraform would destroy still exists.
    await this.#tagged.sweep(
      before && this.context.executor.dryRun ? await this.#workspace.ids(before) : new Set(),
    );
  }
}
