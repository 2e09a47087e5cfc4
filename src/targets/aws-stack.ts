import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineAddress, type StackPlan, tagKeys } from '../../stacks/stack-plan.js';
import type { Deployment } from '../runs/deployment.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { command } from '../shell/command.js';
import type { AwsApi, InstanceFacts } from '../tools/aws/api.js';
import { signInAgain } from '../tools/aws/errors.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';
import { stateFile } from '../tools/terraform/command-line.js';
import { idsInState, type MachineOutput, machinesIn } from '../tools/terraform/state.js';
import { Terraform, TerraformFailed } from '../tools/terraform/terraform.js';
import { noteDeployment } from './aws-deployments.js';
import { groundOf, userDataOf } from './aws-ground.js';
import {
  failures,
  type Ground,
  otherFailures,
  type RentedMachine,
  stackPlan,
  wantedMachines,
} from './aws-plan.js';
import { StackFiles } from './aws-stack-files.js';
import { AwsStrays } from './aws-strays.js';
import { AwsTagged } from './aws-tagged.js';
import { tellEnds, tellSteps } from './aws-tell.js';
import type { SshAccess } from './ssh-access.js';
import type { Surroundings } from './surroundings.js';

/** What came of bringing machines about. */
export interface Applied {
  /** The machines that are there, by condition. */
  readonly up: ReadonlyMap<string, MachineOutput>;
  /** Why the others are not. */
  readonly failed: ReadonlyMap<string, { readonly text: string; readonly refused: boolean }>;
  /** What went wrong beside. */
  readonly other: readonly string[];
  /** Where SSH connections may come from. */
  readonly sshCidr: string;
}

/** What a stack is planned from. */
interface Basis {
  readonly machines: readonly RentedMachine[];
  /** Those of them that are to be there. */
  readonly wanted: readonly RentedMachine[];
  readonly ground: Ground;
  /** The plan before; null: none. */
  readonly before: StackPlan | null;
  readonly live: readonly InstanceFacts[];
  /** What new machines install beside what every machine has. */
  readonly programs: readonly string[];
}

/** Everything at AWS of one deployment: the stack in `.logistician/terraform/`, and what a crash left outside of it. */
export class AwsStack {
  readonly #files: StackFiles;
  readonly #pluginCache: string;
  readonly #terraform: Terraform;
  readonly #tagged: AwsTagged;
  readonly strays: AwsStrays;
  /** Terraform has been here, if only to be printed. */
  #isReady = false;

  constructor(
    private readonly world: Surroundings,
    private readonly deployment: Pick<Deployment, 'id' | 'experiment'>,
    private readonly access: SshAccess,
    api: AwsApi,
  ) {
    this.#tagged = new AwsTagged(world.executor, api, deployment.id);
    const folder = join(world.deployments.folder, 'terraform');
    this.#files = new StackFiles(world, deployment.id, folder);
    this.#pluginCache = join(world.home, '.logistician', 'plugin-cache');
    this.#terraform = this.#terraformIn(folder);
    this.strays = new AwsStrays(world, this.#tagged, folder, () => this.#known());
  }

  #terraformIn(folder: string): Terraform {
    const at = { folder, pluginCache: this.#pluginCache };
    return new Terraform(this.world.executor, at, this.world.note);
  }

  /** Brings about that these machines are there and no others: those that are launched now, and of the rest those that
   *  are there. No condition ever gets two.
   *  @param rule the rule for SSH: for the address that is ours now, or as it is
   *  @param programs that those which are launched now are to have beside the usual ones */
  async apply(
    machines: readonly RentedMachine[],
    launching: ReadonlySet<string>,
    rule: 'for us' | 'as it is' = 'for us',
    programs: readonly string[] = [],
  ): Promise<Applied> {
    await this.#terraform.others();
    const { executor, home, deployments } = this.world;
    await this.#files.prepare();
    if (!executor.dryRun) noteDeployment(home, this.deployment.id, deployments.folder);
    const before = this.#files.read();
    const live = await this.strays.end(machines);
    const wanted = wantedMachines(machines, launching, live);
    const ground = before && rule === 'as it is' ? before : await groundOf(this.world, machines, before);
    const pin = (name: string, key: HostKey) => this.access.pin(name, key);
    const plan = this.#plan({ machines, wanted, ground, before, live, programs }, pin);
    await this.#files.write(plan);
    await this.#init(plan.state);
    const there = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
    const fresh = wanted.filter(({ name }) => !there.has(name)).map(({ name }) => name);
    const teller = tellSteps(this.world, executor.dryRun ? [] : fresh);
    const progress = await this.#terraform.apply(teller).catch(halfDone);
    const up = executor.dryRun ? new Map() : machinesIn(await this.#terraform.outputs(progress));
    const { sshCidr } = ground;
    const other = otherFailures(progress);
    if (other.length === 0 && !executor.dryRun) this.#files.noteOpen(sshCidr);
    return { up, failed: failures(progress), other, sshCidr };
  }

  /** What `apply` would do, in Terraform's words. Changes nothing, here or at AWS.
   *  @param replaced machines that are given back before, for another in their place */
  async preview(
    machines: readonly RentedMachine[],
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
  ): Promise<string> {
    await this.#terraform.others();
    const { executor } = this.world;
    const before = this.#files.read();
    const live = await this.#tagged.instances();
    const wanted = wantedMachines(machines, launching, live);
    const ground = await groundOf(this.world, machines, before);
    const scratch = new StackFiles(this.world, this.deployment.id, `${this.#files.folder}-preview`);
    const state = join(this.#files.folder, stateFile);
    try {
      await executor.change(command('rm', '-rf', scratch.folder));
      await scratch.prepare();
      await scratch.write(this.#plan({ machines, wanted, ground, before, live, programs: [] }, () => {}));
      if (before && existsSync(state)) await executor.change(command('cp', '-p', state, scratch.folder));
      const terraform = this.#terraformIn(scratch.folder);
      await terraform.init();
      return await terraform.plan([...replaced].map(machineAddress));
    } finally {
      await executor.change(command('rm', '-rf', scratch.folder));
    }
  }

  #plan(
    { machines, wanted, ground, before, live, programs }: Basis,
    pin: (machine: string, key: HostKey) => void,
  ): StackPlan {
    const first = wanted[0] ?? machines[0];
    if (!first) throw new Error(`deployment ${this.deployment.id} has no machine`);
    const { sshCidr, publicKey, tags } = ground;
    const userData = userDataOf(this.world, wanted, before, live, programs, pin);
    return stackPlan(this.deployment, wanted, first.cloud, { sshCidr, publicKey, tags }, userData);
  }

  /** From where the machines let SSH connections in. */
  get sshCidr(): string {
    return this.#files.read()?.sshCidr ?? '';
  }

  /** The machines let in another address than ours. */
  async isShut(machines: readonly RentedMachine[]): Promise<boolean> {
    const before = this.#files.read();
    if (before === null) return false;
    const open = this.#files.open ?? before.sshCidr;
    return open !== (await groundOf(this.world, machines, before)).sshCidr;
  }

  /** Ends everything, also what Terraform never learned of. Repeated, it does nothing. */
  async destroy(): Promise<void> {
    await this.#terraform.others();
    const before = this.#files.read();
    if (before) {
      try {
        await this.#init(before.state);
        const progress = await this.#terraform.destroy(tellEnds(this.world));
        const left = [
          ...otherFailures(progress),
          ...[...failures(progress).values()].map(({ text }) => text),
        ];
        for (const text of left) this.world.note(`Terraform could not end all: ${text}`);
      } catch (error) {
        if (!(error instanceof TerraformFailed)) throw error;
        this.world.note(`${error.message}\nWhat is left at AWS is ended by its tag.`);
      }
    }
    // In a dry run all is there still that Terraform would have ended.
    await this.#tagged.sweep(before && this.world.executor.dryRun ? await this.#known() : new Set());
  }

  /** Ids of what Terraform has written down. */
  async #known(): Promise<Set<string>> {
    const plan = this.#files.read();
    if (plan) await this.#init(plan.state);
    return idsInState(await this.#terraform.state((plan?.state ?? null) !== null));
  }

  async #init(state: StackPlan['state']): Promise<void> {
    const mark = join(this.#files.folder, 'initialized');
    this.#isReady ||= existsSync(mark) && readFileSync(mark, 'utf8') === this.deployment.id;
    if (this.#isReady) return;
    await this.#terraform.init();
    if (state) await this.#terraform.claimState(this.deployment.id);
    if (!this.world.executor.dryRun) writeAtomically(mark, this.deployment.id);
    this.#isReady = true;
  }
}

/** With the lines that go on from there. */
function halfDone(error: unknown): never {
  if (!(error instanceof TerraformFailed)) throw error;
  throw new TerraformFailed(error.message, [
    ...signInAgain(error.message),
    'logistician deploy    # goes on from there',
    'logistician terminate    # takes all back',
    ...error.suggestions,
  ]);
}
