import { conditionAt, machineAddress } from '../../../../stacks/stack-plan.js';
import { count } from '../../../phrases.js';
import type { Diagnostic } from '../../../tools/terraform/messages.js';
import type { Progress, ResourceProgress } from '../../../tools/terraform/progress.js';
import type { TargetContext } from '../../context.js';
import type { Step } from '../../target.js';

/** Why a machine was not created. */
export interface Failure {
  readonly text: string;
  /** AWS has no capacity or quota for it: an immediate retry would fail, too. */
  readonly refused: boolean;
  /** It is a quota that is used up: there is room when other machines end. */
  readonly isQuota: boolean;
  /** AWS would say the same again, until a setting, a permission or the account is changed. */
  readonly isFinal: boolean;
}

/** AWS's codes for missing capacity or quota, at the beginning of its message. Words in a message prove nothing: many
 * calls end as UnsupportedOperation, also on a machine that runs. The last one is the state of a spot request. */
const nothingToGive =
  /^(InsufficientInstanceCapacity|InsufficientHostCapacity|InsufficientCapacity|InsufficientFreeAddressesInSubnet|SpotMaxPriceTooLow|MaxSpotInstanceCountExceeded|VcpuLimitExceeded|InstanceLimitExceeded|Unsupported):|\bcapacity-not-available\b/;

/** Those of them that are about quotas of running machines. */
const usedUp = /^(VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded):/;

/** AWS's codes for what does not pass by itself, at the beginning of its message. */
const forGood =
  /^(UnauthorizedOperation|AccessDenied|AuthFailure|VPCIdNotSpecified|OptInRequired|PendingVerification|Blocked|InvalidParameter\w*|InvalidAMIID\.\w+|InvalidSubnet\w*\.\w+|InvalidBlockDeviceMapping|MissingParameter|UnsupportedOperation|UnsupportedHibernationConfiguration|OperationNotPermitted|VpcLimitExceeded|SecurityGroupLimitExceeded|InvalidKMSKey\.\w+|KMS\.\w+|Client\.InvalidKMSKey\.\w+):/;

/** Whether AWS has refused for good. @param text as in `Failure`, or with its resource in front */
export const isFinal = (text: string): boolean => forGood.test(text.replace(/^aws_\w+\.[\w-]+: /, ''));

/** Why machines were not created, by condition. */
export function failures({ resources }: Pick<Progress, 'resources'>): Map<string, Failure> {
  const found = new Map<string, Failure>();
  for (const [address, { step, why }] of resources) {
    const condition = conditionAt(address);
    if (condition === null || step !== 'failed') continue;
    const text = why.map(textOf).join('; ');
    found.set(condition, {
      text,
      refused: nothingToGive.test(text),
      isQuota: usedUp.test(text),
      isFinal: isFinal(text),
    });
  }
  return found;
}

/** Errors that do not belong to a single machine. */
export const otherFailures = ({ resources, rest }: Progress): string[] => [
  ...rest.filter(({ severity }) => severity === 'error').map(textOf),
  ...[...resources]
    .filter(([address, { step }]) => step === 'failed' && conditionAt(address) === null)
    .map(([address, { why }]) => `${address}: ${why.map(textOf).join('; ')}`),
];

/** AWS's own message is at the end of the provider's. */
function textOf({ summary, detail }: Diagnostic): string {
  const text = [summary, detail].filter(Boolean).join(': ').replaceAll(/\s+/g, ' ').trim();
  return /api error (.*)$/.exec(text)?.[1] ?? text;
}

/** The launch step of a machine, from Terraform's progress. */
export function stepOf(step: ResourceProgress['step'], failure: Failure | undefined): Step {
  if (step === 'failed') return { failed: failure?.text ?? '', refused: failure?.refused ?? false };
  return ({ planned: 'waiting', started: 'making', done: 'starting' } as const)[step];
}

/** `2 of 3 machines ended`; '': none has to end. */
export function countEnded({ resources }: Progress): string {
  const all = [...resources].filter(
    ([address, { action }]) => conditionAt(address) !== null && action === 'delete',
  );
  if (all.length === 0) return '';
  const ended = all.filter(([, { step }]) => step === 'done');
  return `${ended.length} of ${count(all.length, 'machine')} ended`;
}

/** Shows the launch steps of machines that Terraform creates. */
export function showSteps(
  { step }: Pick<TargetContext, 'step'>,
  fresh: readonly string[],
): (progress: Progress) => void {
  for (const name of fresh) step(name, 'waiting');
  const shown = new Map<string, string>();
  return ({ resources }) => {
    const failed = failures({ resources });
    for (const name of fresh) {
      const resource = resources.get(machineAddress(name));
      const now = resource && stepOf(resource.step, failed.get(name));
      const text = JSON.stringify(now);
      if (now && shown.get(name) !== text) step(name, now);
      shown.set(name, text);
    }
  };
}

/** Shows how many machines Terraform has terminated. */
export function showEnds({ note }: Pick<TargetContext, 'note'>): (progress: Progress) => void {
  let shown = '';
  return (progress) => {
    const text = countEnded(progress);
    if (text !== '' && text !== shown) note(text);
    shown = text;
  };
}
