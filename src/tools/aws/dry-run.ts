import {
  CreateSecurityGroupCommand,
  ImportKeyPairCommand,
  type ResourceType,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { Asker } from './asker.js';
import { type DryRun, noDryRun } from './facts.js';

/** The machine that calls are tried with. */
export interface Trial {
  readonly type: string;
  readonly ami: string;
  readonly isSpot: boolean;
  /** null: of the default VPC. */
  readonly subnet: { readonly id: string; readonly vpc: string } | null;
  /** In OpenSSH's format. */
  readonly publicKey: string;
  /** The tags that are to be set, by which a policy may decide. */
  readonly tags: Readonly<Record<string, string>>;
}

/** AWS's code where it would do the call. */
const wouldDo = 'DryRunOperation';

/** What AWS would answer to the calls that create a deployment. Nothing is created. Calls about things that do not exist
 * yet cannot be tried, such as a rule of a group or the end of a machine. */
export async function dryRuns({ ec2 }: Pick<Asker, 'ec2'>, trial: Trial): Promise<DryRun[]> {
  const name = 'logistician-permission-check';
  const tagged = (...types: ResourceType[]) => ({
    TagSpecifications: types.map((ResourceType) => ({
      ResourceType,
      Tags: Object.entries(trial.tags).map(([Key, Value]) => ({ Key, Value })),
    })),
  });
  // First, and alone: where something that only looks like AWS does it all the same, nothing that costs is asked for.
  const first = await answerTo('ec2:ImportKeyPair', () =>
    ec2.send(
      new ImportKeyPairCommand({
        DryRun: true,
        KeyName: name,
        PublicKeyMaterial: Buffer.from(trial.publicKey),
        ...tagged('key-pair'),
      }),
    ),
  );
  if (first.refusal?.code === noDryRun) return [first];
  const others = [
    answerTo('ec2:CreateSecurityGroup', () =>
      ec2.send(
        new CreateSecurityGroupCommand({
          DryRun: true,
          GroupName: name,
          Description: 'checks a permission, and is not created',
          ...(trial.subnet && { VpcId: trial.subnet.vpc }),
          ...tagged('security-group'),
        }),
      ),
    ),
    answerTo('ec2:RunInstances', () =>
      ec2.send(
        new RunInstancesCommand({
          DryRun: true,
          MinCount: 1,
          MaxCount: 1,
          ImageId: trial.ami,
          InstanceType: trial.type as never,
          ...(trial.subnet && { SubnetId: trial.subnet.id }),
          ...(trial.isSpot && { InstanceMarketOptions: { MarketType: 'spot' } }),
          ...tagged('instance', 'volume'),
        }),
      ),
    ),
  ];
  return [first, ...(await Promise.all(others))];
}

async function answerTo(action: string, ask: () => Promise<unknown>): Promise<DryRun> {
  try {
    await ask();
    const message = `${action} was done, though it was only to be checked`;
    return { action, refusal: { code: noDryRun, message } };
  } catch (error) {
    const { name: code = '', message = '' } = error as { name?: string; message?: string };
    return { action, refusal: code === wouldDo ? null : { code, message } };
  }
}
