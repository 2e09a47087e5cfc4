import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type StackPlan, tagKeys } from '../../stacks/stack-plan.js';
import { UserError } from '../errors.js';
import { userData } from '../machines/user-data.js';
import type { Deployment } from '../runs/deployment.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { command } from '../shell/command.js';
import type { AwsApi, InstanceFacts } from '../tools/aws/api.js';
import { cidrTowards, publicCidr } from '../tools/aws/caller.js';
import { signInAgain } from '../tools/aws/errors.js';
import { newHostKey } from '../tools/ssh/host-key.js';
import { stackFile } from '../tools/terraform/command-line.js';
import type { Progress } from '../tools/terraform/progress.js';
import { idsInState, type MachineOutput, machinesIn } from '../tools/terraform/state.js';
import { Terraform, TerraformFailed } from '../tools/terraform/terraform.js';
import { madeBy, maker, noteDeployment } from './aws-deployments.js';
import {
  countUp,
  failures,
  type Ground,
  otherFailures,
  type RentedMachine,
  stackPlan,
  strays,
  wantedMachines,
} from './aws-plan.js';
import { AwsTagged } from './aws-tagged.js';
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

/** The key that `setup` made, the half that machines are given. */
export const publicKeyIn = (home: string): string => join(home, '.logistician', 'ssh-key.pub');

/** Machines that were handed to their jobs, and that Terraform does not know any more. */
class StateLost extends UserError {
  constructor(folder: string, instances: readonly InstanceFacts[]) {
    super(
      `Terraform's state in ${folder} does not know ${instances.map(({ id }) => id).join(', ')} any more, where jobs of this deployment are: it was lost.`,
      ['logistician terminate    # brings home what is there and ends all by its tag', 'logistician deploy'],
    );
  }
}

/** Everything at AWS of one deployment: the stack in `.logistician/terraform/`, and what a crash left outside of it. */
export class AwsStack {
  readonly #folder: string;
  readonly #terraform: Terraform;
  readonly #tagged: AwsTagged;

  constructor(
    private readonly world: Surroundings,
    private readonly deployment: Pick<Deployment, 'id' | 'experiment'>,
    private readonly access: SshAccess,
    api: AwsApi,
  ) {
    this.#tagged = new AwsTagged(world.executor, api, deployment.id);
    this.#folder = join(world.deployments.folder, 'terraform');
    const pluginCache = join(world.home, '.logistician', 'plugin-cache');
    this.#terraform = new Terraform(world.executor, { folder: this.#folder, pluginCache }, world.note);
  }

  /** Brings about that these machines are there and no others: those that are launched now, and of the rest those that
   *  are there. No condition ever gets two.
   *  @param rule the rule for SSH: for the address that is ours now, or as it is */
  async apply(
    machines: readonly RentedMachine[],
    launching: ReadonlySet<string>,
    rule: 'for us' | 'as it is' = 'for us',
  ): Promise<Applied> {
    await this.#terraform.others();
    const { executor } = this.world;
    this.#setOldAside();
    await executor.change(command('mkdir', '-p', '-m', '700', this.#folder));
    if (!executor.dryRun) noteDeployment(this.world.home, this.deployment.id, this.world.deployments.folder);
    const before = this.#readPlan();
    const live = await this.#withoutStrays(machines, before);
    const wanted = wantedMachines(machines, launching, live);
    const ground = before && rule === 'as it is' ? before : await this.#ground(machines, before);
    const first = wanted[0] ?? machines[0];
    if (!first) throw new Error(`deployment ${this.deployment.id} has no machine`);
    const userData = this.#userData(wanted, before, live);
    await this.#write(stackPlan(this.deployment, wanted, first.cloud, groundOf(ground), userData));
    await this.#init();
    const there = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
    const fresh = wanted.filter(({ name }) => !there.has(name)).map(({ name }) => name);
    const progress = await this.#terraform.apply(this.#teller(wanted.length, fresh)).catch(halfDone);
    const up = executor.dryRun ? new Map() : machinesIn(await this.#terraform.outputs());
    const { sshCidr } = ground;
    return { up, failed: failures(progress), other: otherFailures(progress), sshCidr };
  }

  /** The machines let in another address than ours. */
  async isShut(machines: readonly RentedMachine[]): Promise<boolean> {
    const before = this.#readPlan();
    return before !== null && before.sshCidr !== (await this.#ground(machines, before)).sshCidr;
  }

  /** Ends everything, also what Terraform never learned of. Repeated, it does nothing. */
  async destroy(): Promise<void> {
    await this.#terraform.others();
    if (this.#readPlan()) {
      try {
        await this.#init();
        const progress = await this.#terraform.destroy(() => {});
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
    await this.#tagged.sweep();
  }

  /** Ends what a killed Terraform made and did not write down. @returns the instances that it knows */
  async #withoutStrays(
    machines: readonly RentedMachine[],
    before: StackPlan | null,
  ): Promise<InstanceFacts[]> {
    const [live, { keys, groups }] = await Promise.all([this.#tagged.instances(), this.#tagged.access()]);
    if (live.length + keys.length + groups.length === 0) return [];
    if (before) await this.#init();
    const known = idsInState(await this.#terraform.state());
    const unknown = strays(live, known);
    const atWork = unknown.filter(({ id }) => machines.some(({ cloud }) => cloud.instance === id));
    if (atWork.length > 0) throw new StateLost(this.#folder, atWork);
    await this.#tagged.end(unknown);
    // Their names are taken: Terraform could not make them again.
    const isUnknown = (id: string) => !known.has(id);
    await this.#tagged.delete({ keys: keys.filter(isUnknown), groups: groups.filter(isUnknown) });
    return live.filter((one) => !unknown.includes(one));
  }

  /** Ends instances of these conditions that are there all the same. */
  async endStrays(conditions: ReadonlySet<string>): Promise<void> {
    const live = await this.#tagged.instances();
    await this.#tagged.end(live.filter(({ tags }) => conditions.has(tags[tagKeys.condition] ?? '')));
  }

  /** What another deployment left in the folder is empty, or what it holds is not to be mixed with ours. */
  #setOldAside(): void {
    const plan = this.#anyPlan();
    if (!plan || plan.deployment === this.deployment.id || this.world.executor.dryRun) return;
    renameSync(this.#folder, `${this.#folder}-${plan.deployment}`);
  }

  /** A machine that is there keeps its own; another gets a host key of its own with it. */
  #userData(
    wanted: readonly RentedMachine[],
    before: StackPlan | null,
    live: readonly InstanceFacts[],
  ): Map<string, string> {
    const template = readFileSync(this.world.cloudInit, 'utf8');
    const there = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
    const kept = before?.machines.filter(({ condition }) => there.has(condition)) ?? [];
    const known = new Map(kept.map((one) => [one.condition, one.userData]));
    return new Map(
      wanted.map(({ name, cloud }) => {
        const own = known.get(name);
        if (own !== undefined) return [name, own];
        const { known: shown, file } = newHostKey();
        this.access.pin(name, shown);
        const { deadline, user } = cloud;
        return [name, userData(template, { deadline, loginUser: user, hostKey: file }).reveal()];
      }),
    );
  }

  async #ground(machines: readonly RentedMachine[], before: StackPlan | null): Promise<Ground> {
    const { home, aws, tags } = this.world;
    return {
      publicKey: before?.publicKey ?? readFileSync(publicKeyIn(home), 'utf8').trim(),
      tags: before?.tags ?? { ...tags, [madeBy]: maker() },
      sshCidr: aws.sshCidr ?? (await this.#callersCidr(machines)),
    };
  }

  async #callersCidr(machines: readonly RentedMachine[]): Promise<string> {
    const cloud = machines[0]?.cloud;
    if (cloud?.ssh_address !== 'private') return publicCidr();
    if (cloud.subnet) return cidrTowards(cloud.subnet.range);
    throw new UserError(
      'With "aws_ssh_address": "private" nobody knows from which address the machines see you, unless a subnet or the address is named.',
      ['"aws_ssh_cidr": "10.0.0.0/8"    # in parameters.json', '"aws_subnet_id": "subnet-…"'],
    );
  }

  async #write(plan: StackPlan): Promise<void> {
    const { executor } = this.world;
    const path = join(this.#folder, stackFile);
    executor.journal.mention(`${path}: the stack of ${plan.machines.length} machines, as Terraform reads it`);
    if (executor.dryRun) return;
    const { synthesize } = await import('../../stacks/synthesize.js');
    writeAtomically(join(this.#folder, planFile), `${JSON.stringify(plan, null, 2)}\n`, 0o600);
    writeAtomically(path, synthesize(plan), 0o600);
  }

  async #init(): Promise<void> {
    const mark = join(this.#folder, 'initialized');
    if (existsSync(mark) && readFileSync(mark, 'utf8') === this.deployment.id) return;
    await this.#terraform.init();
    if (!this.world.executor.dryRun) writeAtomically(mark, this.deployment.id);
  }

  #teller(all: number, fresh: readonly string[]): (progress: Progress) => void {
    let told = '';
    return (progress) => {
      const text = countUp(progress, all, fresh);
      if (text !== told && fresh.length > 0) this.world.note(text);
      told = text;
    };
  }

  /** The plan that was written last for this deployment; null: none yet. */
  #readPlan(): StackPlan | null {
    const plan = this.#anyPlan();
    return plan?.deployment === this.deployment.id ? plan : null;
  }

  #anyPlan(): StackPlan | null {
    const path = join(this.#folder, planFile);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StackPlan) : null;
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

/** What the stack was made from, host keys and all. */
const planFile = 'plan.json';

const groundOf = ({ sshCidr, publicKey, tags }: Ground): Ground => ({ sshCidr, publicKey, tags });
