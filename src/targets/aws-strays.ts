import { tagKeys } from '../../stacks/stack-plan.js';
import { UserError } from '../errors.js';
import type { InstanceFacts } from '../tools/aws/api.js';
import { type RentedMachine, strays } from './aws-plan.js';
import type { AwsTagged } from './aws-tagged.js';
import type { Surroundings } from './surroundings.js';

/** Machines that were handed to their jobs, and that Terraform does not know any more. */
class StateLost extends UserError {
  constructor(folder: string, instances: readonly InstanceFacts[]) {
    super(
      `Terraform's state in ${folder} does not know ${instances.map(({ id }) => id).join(', ')} any more, where jobs of this deployment are: it was lost.`,
      ['logistician terminate    # brings home what is there and ends all by its tag', 'logistician deploy'],
    );
  }
}

/** What was made at AWS for one deployment, and is written down nowhere: Terraform was killed in between. */
export class AwsStrays {
  /** @param folder of Terraform's state
   *  @param known says the ids of all that Terraform has written down */
  constructor(
    private readonly world: Pick<Surroundings, 'executor' | 'note'>,
    private readonly tagged: AwsTagged,
    private readonly folder: string,
    private readonly known: () => Promise<ReadonlySet<string>>,
  ) {}

  /** Ends them. @returns the instances that Terraform knows
   *  @throws StateLost where jobs of these machines are on one that it does not know */
  async end(machines: readonly RentedMachine[]): Promise<InstanceFacts[]> {
    const [live, { keys, groups }] = await Promise.all([this.tagged.instances(), this.tagged.access()]);
    if (live.length + keys.length + groups.length === 0) return [];
    const known = await this.known();
    const unknown = strays(live, known);
    const atWork = unknown.filter(({ id }) => machines.some(({ cloud }) => cloud.instance === id));
    if (atWork.length > 0) throw new StateLost(this.folder, atWork);
    await this.tagged.end(unknown);
    // Their names are taken: Terraform could not make them again.
    const isUnknown = (id: string) => !known.has(id);
    await this.tagged.delete({ keys: keys.filter(isUnknown), groups: groups.filter(isUnknown) });
    // Nor a rule that a group has already. Those that somebody has added by hand bear no tag of ours, and stay.
    if (!groups.every(isUnknown))
      await this.tagged.revoke(
        (await this.tagged.rules()).filter(({ id, group }) => known.has(group) && isUnknown(id)),
      );
    return live.filter((one) => !unknown.includes(one));
  }

  /** Ends what AWS made for a Terraform that was killed, and showed only after another had looked and applied.
   *  @param machines as they were written down after that. @throws AwsRefused */
  async endLatecomers(machines: readonly RentedMachine[]): Promise<void> {
    const { executor, note } = this.world;
    if (executor.dryRun) return;
    const written = new Set(machines.flatMap(({ cloud }) => cloud.instance ?? []));
    const others = strays(await this.tagged.instances(), written);
    if (others.length === 0) return;
    // One that did not come up is Terraform's to see to.
    const unknown = strays(others, await this.known());
    if (unknown.length === 0) return;
    note(
      `${unknown.map(({ id }) => id).join(', ')} came late, for a Terraform that was killed; to be ended.`,
    );
    await this.tagged.end(unknown);
  }

  /** Ends instances of these conditions that are there all the same. */
  async endOf(conditions: ReadonlySet<string>): Promise<void> {
    const live = await this.tagged.instances();
    await this.tagged.end(live.filter(({ tags }) => conditions.has(tags[tagKeys.condition] ?? '')));
  }
}
