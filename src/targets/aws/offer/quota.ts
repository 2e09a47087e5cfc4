import { tagKeys } from '../../../../stacks/stack-plan.js';
import { count } from '../../../phrases.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import type { RunningInstance } from '../../../tools/aws/facts.js';
import { type QuotaName, quotaOf } from '../../../tools/aws/quotas.js';
import { mayNotAsk, unlessDenied } from './may-not-ask.js';
import { NotAtAws } from './not-at-aws.js';

/** A quota that counts for a kind of machine, and its use. */
export interface Quota extends QuotaName {
  readonly region: string;
  readonly type: string;
  /** vCPUs that one such machine uses. */
  readonly each: number;
  /** vCPUs that may run at a time. */
  readonly limit: number;
  /** Instances of the account that count. */
  readonly running: readonly Pick<RunningInstance, 'cpus' | 'tags'>[];
}

/** The quota of a type of machine; null: not known. @throws AwsRefused */
export async function surveyQuota(
  api: AwsApi,
  { type, each, isSpot }: { readonly type: string; readonly each: number; readonly isSpot: boolean },
): Promise<{ readonly quota: Quota | null; readonly notes: readonly string[] }> {
  const name = quotaOf(type, isSpot);
  if (name === null) return { quota: null, notes: [`Not checked: the quota for ${type} is not known here.`] };
  const [limit, all] = await Promise.all([
    unlessDenied(async () => (await api.quota(name.code)) ?? 'unknown'),
    api.running(),
  ]);
  if (limit === null)
    return { quota: null, notes: [mayNotAsk(`the quota "${name.name}"`, 'servicequotas:GetServiceQuota')] };
  if (limit === 'unknown')
    return { quota: null, notes: [`Not checked: AWS knows no quota "${name.name}" in ${api.region}.`] };
  const running = all.filter((one) => quotaOf(one.type, one.isSpot)?.code === name.code);
  return { quota: { ...name, region: api.region, type, each, limit, running }, notes: [] };
}

/** So many machines of a deployment may exist at a time by the quota, those included that exist already. Pure.
 * @param deployment its id; null: a new one. @throws NotAtAws if it is none */
export function mostByQuota(quota: Quota, deployment: string | null): number {
  const { name, code, region, type, each, limit } = quota;
  const others = usedByOthers(quota, deployment);
  const most = Math.floor((limit - sum(others)) / each);
  if (most >= 1) return most;
  const wanted = Math.max(limit, sum(others)) + each;
  const used =
    others.length === 0
      ? ''
      : `, of which ${count(others.length, 'other machine')} of your account use ${sum(others)}`;
  throw new NotAtAws(
    `The quota "${name}" of ${region} is ${count(limit, 'vCPU')}${used}; one ${type} has ${each}.`,
    [
      `aws --region ${region} service-quotas request-service-quota-increase --service-code ec2 --quota-code ${code} --desired-value ${wanted}    # an administrator may have to`,
      ...(others.length === 0
        ? []
        : [
            `aws --region ${region} ec2 describe-instances --filters Name=instance-state-name,Values=running`,
          ]),
      ...smaller(quota),
    ],
  );
}

/** A type that needs less of the quota, or has another one. */
function smaller({ code, each }: Quota): string[] {
  const [small, cpus] = ['t3.small', 2];
  const isSame = quotaOf(small, false)?.code === code;
  if (isSame && each <= 1) return [];
  // Those of the generation before have one.
  const type = isSame && each <= cpus ? 't2.small' : small;
  return [
    `"aws_instance_type": "${type}"    # in parameters.json: a type with another quota, or fewer vCPUs`,
  ];
}

/** `The quota "…" of us-east-1 (8 vCPUs, 2 used by other machines) lets 3 of these machines run at a time.` */
export function quotaLine(quota: Quota, deployment: string | null): string {
  const { name, region, limit } = quota;
  const used = sum(usedByOthers(quota, deployment));
  const most = mostByQuota(quota, deployment);
  return `The quota "${name}" of ${region} (${count(limit, 'vCPU')}${used > 0 ? `, ${used} used by other machines` : ''}) lets ${most} of these machines run at a time.`;
}

const usedByOthers = ({ running }: Quota, deployment: string | null) =>
  running.filter(({ tags }) => deployment === null || tags[tagKeys.deployment] !== deployment);

const sum = (machines: Quota['running']): number => machines.reduce((all, { cpus }) => all + cpus, 0);
