import { existsSync } from 'node:fs';
import { tagKeys } from '../../../../stacks/stack-plan.js';
import { type Command, renderCommand } from '../../../shell/command.js';
import type { Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import { AwsCli } from '../../../tools/aws/cli.js';
import { deleteKeyPair, deleteSecurityGroup, terminateInstances } from '../../../tools/aws/lines.js';
import { AwsRefused } from '../../../tools/aws/refusals.js';
import type { Leak } from '../../target.js';
import type { AwsAccount } from '../account.js';
import { endInstances, untilGroupIsGone } from './end.js';
import { isRecorded, madeBy, maker, recordOf } from './made-here.js';

type Kind = 'instance' | 'key pair' | 'security group';

/** @param region null: that of the environment; `all`: every region of the account. @throws AwsRefused */
export async function findLeaks(account: AwsAccount, home: string, region: string | null): Promise<Leak[]> {
  if (region !== 'all') return leaksIn(await account.open(region), home);
  const regions = await allRegions(account);
  return (await Promise.all(regions.map(async (name) => leaksIn(await account.open(name), home)))).flat();
}

/** One region of each of AWS's partitions: credentials count in one of these alone. */
const partitions = ['us-east-1', 'us-gov-west-1', 'cn-north-1'];

/** Those of the account, also where no region is set. @throws AwsRefused */
async function allRegions(account: AwsAccount): Promise<string[]> {
  const own = await account.open(null).catch((error: unknown) => {
    if (error instanceof AwsRefused && error.code === 'NoRegion') return null;
    throw error;
  });
  if (own) return own.regions();
  const problems: unknown[] = [];
  for (const region of partitions) {
    try {
      return await (await account.open(region)).regions();
    } catch (error) {
      if (!(error instanceof AwsRefused && error.isOfCredentials)) throw error;
      problems.push(error);
    }
  }
  throw problems[0];
}

async function leaksIn(api: AwsApi, home: string): Promise<Leak[]> {
  const [instances, keys, groups] = await Promise.all([
    api.tagged(tagKeys.deployment, null),
    api.keyPairs(tagKeys.deployment, null),
    api.securityGroups(tagKeys.deployment, null),
  ]);
  const leak = (kind: Kind, id: string, tags: Readonly<Record<string, string>>, detail = ''): Leak[] => {
    const deployment = tags[tagKeys.deployment] ?? '';
    const by = tags[madeBy] ?? 'an unknown user';
    if (isRecorded(home, deployment)) return [];
    const experiment = tags[tagKeys.experiment] ?? '';
    const record = recordOf(home, deployment);
    const where = record && !existsSync(record) ? `its record was ${record}, which no longer exists` : '';
    return [
      {
        kind,
        id,
        region: api.region,
        experiment,
        deployment,
        by,
        isOurs: by === maker(),
        detail: [detail, where].filter(Boolean).join('; '),
        remedy: renderCommand(lineToEnd(kind, id, api.region)),
      },
    ];
  };
  return [
    ...instances.flatMap(({ id, tags, type, state, launched }) =>
      leak('instance', id, tags, `${type}, ${state}, since ${launched?.toISOString() ?? 'an unknown time'}`),
    ),
    ...keys.flatMap(({ id, tags }) => leak('key pair', id, tags)),
    ...groups.flatMap(({ id, tags }) => leak('security group', id, tags)),
  ];
}

/** Terminates or deletes them, instances first. @throws CommandFailed */
export async function endLeaks(
  executor: Executor,
  account: AwsAccount,
  leaks: readonly Leak[],
): Promise<void> {
  for (const region of new Set(leaks.map((leak) => leak.region))) {
    const ids = (kind: Kind) =>
      leaks.filter((leak) => leak.region === region && leak.kind === kind).map(({ id }) => id);
    const aws = new AwsCli(executor, await account.open(region));
    await endInstances(aws, ids('instance'));
    for (const id of ids('key pair')) await aws.change(deleteKeyPair(region, id));
    for (const id of ids('security group')) await untilGroupIsGone(aws, id);
  }
}

/** The command that removes one by hand. */
const lineToEnd = (kind: Kind, id: string, region: string): Command =>
  kind === 'instance'
    ? terminateInstances(region, [id])
    : kind === 'key pair'
      ? deleteKeyPair(region, id)
      : deleteSecurityGroup(region, id);
