import { tagKeys } from '../../../../stacks/stack-plan.js';
import type { Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import type { InstanceFacts, RuleFacts } from '../../../tools/aws/facts.js';
import { deleteKeyPair, revokeRule } from '../../../tools/aws/lines.js';
import { endInstances, untilGroupIsGone } from './end.js';

/** What gives SSH access, by id. */
export interface AccessFacts {
  readonly keys: readonly string[];
  readonly groups: readonly string[];
}

/** All resources with a deployment's tag, in Terraform's state or not. */
export class AwsTagged {
  constructor(
    private readonly executor: Executor,
    private readonly api: AwsApi,
    private readonly deployment: string,
  ) {}

  /** Those that are not terminated. */
  instances(): Promise<InstanceFacts[]> {
    return this.api.tagged(tagKeys.deployment, this.deployment);
  }

  async access(): Promise<AccessFacts> {
    const [keys, groups] = await Promise.all([
      this.api.keyPairs(tagKeys.deployment, this.deployment),
      this.api.securityGroups(tagKeys.deployment, this.deployment),
    ]);
    return { keys: keys.map(({ id }) => id), groups: groups.map(({ id }) => id) };
  }

  rules(): Promise<RuleFacts[]> {
    return this.api.securityGroupRules(tagKeys.deployment, this.deployment);
  }

  end(instances: readonly InstanceFacts[]): Promise<void> {
    const ids = instances.map(({ id }) => id);
    return endInstances(this.executor, this.api, ids);
  }

  async delete({ keys, groups }: AccessFacts): Promise<void> {
    for (const id of keys) await this.executor.change(deleteKeyPair(this.api.region, id));
    for (const id of groups) await untilGroupIsGone(this.executor, this.api.region, id);
  }

  async revoke(rules: readonly RuleFacts[]): Promise<void> {
    for (const rule of rules) await this.executor.change(revokeRule(this.api.region, rule));
  }

  /** Removes all of them except those with these ids. */
  async sweep(spared: ReadonlySet<string>): Promise<void> {
    const isMeant = (id: string) => !spared.has(id);
    await this.end((await this.instances()).filter(({ id }) => isMeant(id)));
    const { keys, groups } = await this.access();
    await this.delete({ keys: keys.filter(isMeant), groups: groups.filter(isMeant) });
  }
}
