import { tagKeys } from '../../../../stacks/stack-plan.js';
import type { AwsCli } from '../../../tools/aws/cli.js';
import type { InstanceFacts, RuleFacts } from '../../../tools/aws/facts.js';
import { deleteKeyPair, revokeRule } from '../../../tools/aws/lines.js';
import { listed } from '../account.js';
import { endInstances, untilGroupIsGone } from './end.js';

/** What gives SSH access, by id. */
export interface AccessFacts {
  readonly keys: readonly string[];
  readonly groups: readonly string[];
}

/** All resources with a deployment's tag, in Terraform's state or not. */
export class AwsTagged {
  constructor(
    private readonly aws: AwsCli,
    private readonly deployment: string,
  ) {}

  /** Those that are not terminated. */
  instances(): Promise<InstanceFacts[]> {
    return this.aws.api.tagged(tagKeys.deployment, this.deployment);
  }

  /** Those, and recorded ones which the list of tags may lack for a moment: what is not listed would be terminated. */
  async instancesAnd(ids: readonly string[]): Promise<InstanceFacts[]> {
    const found = await this.instances();
    const known = new Set(found.map(({ id }) => id));
    const missing = ids.filter((id) => !known.has(id));
    if (missing.length === 0) return found;
    const others = await listed(this.aws.api, missing);
    return [...found, ...others.filter(({ state }) => !/^(terminated|shutting-down)$/.test(state))];
  }

  async access(): Promise<AccessFacts> {
    const [keys, groups] = await Promise.all([
      this.aws.api.keyPairs(tagKeys.deployment, this.deployment),
      this.aws.api.securityGroups(tagKeys.deployment, this.deployment),
    ]);
    return { keys: keys.map(({ id }) => id), groups: groups.map(({ id }) => id) };
  }

  rules(): Promise<RuleFacts[]> {
    return this.aws.api.securityGroupRules(tagKeys.deployment, this.deployment);
  }

  end(instances: readonly InstanceFacts[]): Promise<void> {
    const ids = instances.map(({ id }) => id);
    return endInstances(this.aws, ids);
  }

  async delete({ keys, groups }: AccessFacts): Promise<void> {
    for (const id of keys) await this.aws.change(deleteKeyPair(this.aws.region, id));
    for (const id of groups) await untilGroupIsGone(this.aws, id);
  }

  async revoke(rules: readonly RuleFacts[]): Promise<void> {
    for (const rule of rules) await this.aws.change(revokeRule(this.aws.region, rule));
  }

  /** Removes all of them except those with these ids. */
  async sweep(spared: ReadonlySet<string>): Promise<void> {
    const isMeant = (id: string) => !spared.has(id);
    await this.end((await this.instances()).filter(({ id }) => isMeant(id)));
    const { keys, groups } = await this.access();
    await this.delete({ keys: keys.filter(isMeant), groups: groups.filter(isMeant) });
  }
}
