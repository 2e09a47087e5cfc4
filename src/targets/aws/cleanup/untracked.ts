import { tagKeys } from '../../../../stacks/stack-plan.js';
import { ownLine, UserError } from '../../../errors.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { TargetContext } from '../../context.js';
import { type AwsMachine, instanceIdsOf } from '../place.js';
import type { AwsTagged } from './tagged.js';

/** Terraform's state no longer contains machines on which jobs run. */
class StateLost extends UserError {
  constructor(folder: string, instances: readonly InstanceFacts[]) {
    super(
      `Terraform's state in ${folder} no longer contains ${instances.map(({ id }) => id).join(', ')}, where jobs of this deployment are: it was lost.`,
      [ownLine('terminate', [], 'collects results, and terminates all by their tag'), ownLine('deploy')],
    );
  }
}

/** Instances of a deployment with other ids than these. */
export const untracked = (live: readonly InstanceFacts[], known: ReadonlySet<string>): InstanceFacts[] =>
  live.filter(({ id }) => !known.has(id));

/** Resources of a deployment that exist at AWS and are missing from Terraform's state, because Terraform was killed. */
export class AwsUntracked {
  /** @param folder of Terraform's state @param known returns the ids of all resources in the state */
  constructor(
    private readonly context: Pick<TargetContext, 'executor' | 'note'>,
    private readonly tagged: AwsTagged,
    private readonly folder: string,
    private readonly known: () => Promise<ReadonlySet<string>>,
  ) {}

  /** Terminates them.
   * @returns the instances in Terraform's state @throws StateLost if jobs of these machines are on an instance outside
   * of it */
  async end(machines: readonly AwsMachine[]): Promise<InstanceFacts[]> {
    const [live, { keys, groups }] = await Promise.all([
      this.tagged.instancesAnd(instanceIdsOf(machines)),
      this.tagged.access(),
    ]);
    if (live.length + keys.length + groups.length === 0) return [];
    const known = await this.known();
    const unknown = untracked(live, known);
    const withJobs = unknown.filter(({ id }) => machines.some(({ own }) => own.instance === id));
    if (withJobs.length > 0) throw new StateLost(this.folder, withJobs);
    await this.tagged.end(unknown);
    // Their names are in use: Terraform could not create them again.
    const isUnknown = (id: string) => !known.has(id);
    await this.tagged.delete({ keys: keys.filter(isUnknown), groups: groups.filter(isUnknown) });
    // Nor a rule that a group has already. Rules that were added by hand lack our tag, and stay.
    if (!groups.every(isUnknown))
      await this.tagged.revoke(
        (await this.tagged.rules()).filter(({ id, group }) => known.has(group) && isUnknown(id)),
      );
    return live.filter((one) => !unknown.includes(one));
  }

  /** Terminates instances that AWS created for a killed Terraform, and listed only after the next apply.
   * @param machines as recorded after that apply. @throws AwsRefused */
  async endLate(machines: readonly AwsMachine[]): Promise<void> {
    const { executor, note } = this.context;
    if (executor.dryRun) return;
    const written = new Set(instanceIdsOf(machines));
    const others = untracked(await this.tagged.instances(), written);
    if (others.length === 0) return;
    // An instance that failed to start is in Terraform's state: the next apply replaces it.
    const unknown = untracked(others, await this.known());
    if (unknown.length === 0) return;
    note(
      `${unknown.map(({ id }) => id).join(', ')} was created late, for a Terraform that was killed: terminating it.`,
    );
    await this.tagged.end(unknown);
  }

  /** Terminates instances of these conditions that still exist. */
  async endOf(conditions: ReadonlySet<string>): Promise<void> {
    const live = await this.tagged.instances();
    await this.tagged.end(live.filter(({ tags }) => conditions.has(tags[tagKeys.condition] ?? '')));
  }
}
