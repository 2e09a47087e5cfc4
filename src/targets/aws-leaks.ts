import { existsSync } from 'node:fs';
import { tagKeys } from '../../stacks/stack-plan.js';
import type { Executor } from '../shell/executor.js';
import type { AwsApi } from '../tools/aws/api.js';
import { deleteKeyPair, deleteSecurityGroup, terminateInstances } from '../tools/aws/command-line.js';
import { isRecorded, madeBy, maker, recordOf } from './aws-deployments.js';
import { endInstances, untilGroupIsGone } from './aws-end.js';

/** Something of ours at AWS of which no record on this computer says that it is to be there. */
export interface Leak {
  readonly kind: 'instance' | 'key pair' | 'security group';
  readonly id: string;
  readonly region: string;
  readonly experiment: string;
  readonly deployment: string;
  /** Who made it: `user@computer`. */
  readonly by: string;
  /** This user of this computer did. */
  readonly isOurs: boolean;
  /** What it is, for people. */
  readonly detail: string;
}

/** @param region null: that of the environment; `all`: every region that the account has. @throws AwsRefused */
export async function findLeaks(home: string, region: string | null): Promise<Leak[]> {
  const { AwsApi } = await import('../tools/aws/api.js');
  if (region !== 'all') return leaksIn(await AwsApi.open(region), home);
  const regions = await (await AwsApi.open(null).catch(() => AwsApi.open('us-east-1'))).regions();
  return (await Promise.all(regions.map(async (name) => leaksIn(await AwsApi.open(name), home)))).flat();
}

async function leaksIn(api: AwsApi, home: string): Promise<Leak[]> {
  const [instances, keys, groups] = await Promise.all([
    api.tagged(tagKeys.deployment, null),
    api.keyPairs(tagKeys.deployment, null),
    api.securityGroups(tagKeys.deployment, null),
  ]);
  const leak = (
    kind: Leak['kind'],
    id: string,
    tags: Readonly<Record<string, string>>,
    detail = '',
  ): Leak[] => {
    const deployment = tags[tagKeys.deployment] ?? '';
    const by = tags[madeBy] ?? 'somebody';
    if (isRecorded(home, deployment)) return [];
    const experiment = tags[tagKeys.experiment] ?? '';
    const record = recordOf(home, deployment);
    const where = record && !existsSync(record) ? `its record was ${record}, and is not there any more` : '';
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
      },
    ];
  };
  return [
    ...instances.flatMap(({ id, tags, type, state, launched }) =>
      leak('instance', id, tags, `${type}, ${state}, since ${launched?.toISOString() ?? 'some time'}`),
    ),
    ...keys.flatMap(({ id, tags }) => leak('key pair', id, tags)),
    ...groups.flatMap(({ id, tags }) => leak('security group', id, tags)),
  ];
}

/** Ends them, instances first. @throws CommandFailed */
export async function endLeaks(executor: Executor, leaks: readonly Leak[]): Promise<void> {
  const { AwsApi } = await import('../tools/aws/api.js');
  for (const region of new Set(leaks.map((leak) => leak.region))) {
    const ids = (kind: Leak['kind']) =>
      leaks.filter((leak) => leak.region === region && leak.kind === kind).map(({ id }) => id);
    const api = await AwsApi.open(region);
    await endInstances(executor, api, ids('instance'));
    for (const id of ids('key pair')) await executor.change(deleteKeyPair(region, id));
    for (const id of ids('security group')) await untilGroupIsGone(executor, region, id);
  }
}

/** The line that ends one by hand. */
export const lineToEnd = ({ kind, id, region }: Leak) =>
  kind === 'instance'
    ? terminateInstances(region, [id])
    : kind === 'key pair'
      ? deleteKeyPair(region, id)
      : deleteSecurityGroup(region, id);
