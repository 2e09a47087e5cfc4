import { tagKeys } from '../../../../stacks/stack-plan.js';
import { ownLine, UserError } from '../../../errors.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import type { TargetContext } from '../../context.js';
import { type AwsMachine, instanceIdsOf } from '../place.js';
import type { AwsTagged } from './tagged.js';

/** Machines that were handed to their jobs, and that Terraform does not know any more. */
class StateLost extends UserError {
  constructor(folder: string, instances: readonly InstanceFacts[]) {
    super(
      `Terraform's state in ${folder} does not know ${instances.map(({ id }) => id).join(', ')} any more, where jobs of this deployment are: it was lost.`,
      [ownLine('terminate', [], 'collects results, and ends all by their tag'), ownLine('deploy')],
    );
  }
}

/** Instances of a deployment that are not among these. */
export const untracked = (live: readonly InstanceFacts[], known: ReadonlySet<string>): InstanceFacts[] =>
  live.filter(({ id }) => !known.has(id));

/** What exists at AWS for one deployment and is missing from Terraform's state: Terraform was killed in between. */
export class AwsUntracked {
  /** @param folder of Terraform's state
   *  @param known says the ids of all that Terraform has written down */
  constructor(
    private readonly context: Pick<TargetContext, 'executor' | 'note'>,
    private readonly tagged: AwsTagged,
    private readonly folder: string,
    private readonly known: () => Promise<ReadonlySet<string>>,
  ) {}

  /** Ends them. @returns the instances that Terraform knows
   *  @throws StateLost where jobs of these machines are on one that it does not know */
  async end(machines: readonly AwsMachine[]): Promise<InstanceFacts[]> {
    const [live, { keys, groups }] = await Promise.all([this.tagged.instances(), this.tagged.access()]);
    if (live.length + keys.length + groups.length === 0) return [];
    const known = await this.known();
    const unknown = untracked(live, known);
    const atWork = unknown.filter(({ id }) => machines.some(({ own }) => own.instance === id));
    if (atWork.length > 0) throw new StateLost(this.folder, atWork);
    await this.tagged.end(unknown);
    // Their names are taken: Terraform could not create them again.
    const isUnknown = (id: string) => !known.has(id);
    await this.tagged.delete({ keys: keys.filter(isUnknown), groups: groups.filter(isUnknown) });
    // Nor a rule that a group has already. Those that were added by hand bear no tag of ours, and stay.
    if (!groups.every(isUnknown))
      await this.tagged.revoke(
        (await this.tagged.rules()).filter(({ id, group }) => known.has(group) && isUnknown(id)),
      );
    return live.filter((one) => !unknown.includes(one));
  }

  /** Ends instances that AWS created for a Terraform that was killed, and showed only after the next one had applied.
   *  @param machines as they were written down after that. @throws AwsRefused */
  async endLate(machines: readonly AwsMachine[]): Promise<void> {
    const { executor, note } = this.context;
    if (executor.dryRun) return;
    const written = new Set(instanceIdsOf(machines));
    const others = untracked(await this.tagged.instances(), written);
    if (others.length === 0) return;
    // One that could not be started is in Terraform's state: the next apply replaces it.
    const unknown = untracked(others, await this.known());
    if (unknown.length === 0) return;
    note(
      `${unknown.map(({ id }) => id).join(', ')} was created late, for a Terraform that was killed: terminating it.`,
    );
    await this.tagged.end(unknown);
  }

  /** Ends instances of these conditions that exist all the same. */
  async endOf(conditions: ReadonlySet<string>): Promise<void> {
    const live = await this.tagged.instances();
    await this.tagged.end(live.filter(({ tags }) => conditions.has(tags[tagKeys.condition] ?? '')));
  }
}
