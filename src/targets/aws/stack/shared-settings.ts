import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StackPlan, tagKeys } from '../../../../stacks/stack-plan.js';
import { UserError } from '../../../errors.js';
import { userData } from '../../../machines/user-data.js';
import { cidrTowards, publicCidr } from '../../../tools/aws/caller.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import { newHostKey } from '../../../tools/ssh/host-key.js';
import type { HostKey } from '../../../tools/ssh/known-hosts.js';
import type { TargetContext } from '../../context.js';
import { madeBy, maker } from '../cleanup/made-here.js';
import type { AwsMachine, AwsPlace } from '../place.js';
import type { SharedSettings } from './plan.js';

/** The public half of the key that `setup` creates. */
export const publicKeyIn = (home: string): string => join(home, '.logistician', 'ssh-key.pub');

/** Settings that all machines of a stack share. Only the address from which SSH is allowed may change: it is this
 * computer's present one.
 * @param place the settings that all machines share. @throws UserError, AwsRefused if that address cannot be found
 * out */
export async function sharedSettings(
  { home }: Pick<TargetContext, 'home'>,
  place: AwsPlace,
  before: StackPlan | null,
): Promise<SharedSettings> {
  return {
    publicKey: before?.publicKey ?? readFileSync(publicKeyIn(home), 'utf8').trim(),
    tags: before?.tags ?? { ...place.tags, [madeBy]: maker() },
    sshCidr: place.ssh_cidr ?? (await callersCidr(place)),
  };
}

async function callersCidr({ ssh_address, subnet }: AwsPlace): Promise<string> {
  if (ssh_address !== 'private') return publicCidr();
  if (subnet) return cidrTowards(subnet.range);
  throw new UserError(
    'With "aws_ssh_address": "private" the address from which the machines see this computer is unknown, unless a subnet or the address is given.',
    ['"aws_ssh_cidr": "10.0.0.0/8"    # in parameters.json', '"aws_subnet_id": "subnet-…"'],
  );
}

/** Seconds that a machine waits for its job before it powers off: to boot, to install Docker, and some to spare. A
 * stopped laptop leaves no machine on for longer. */
const unused = 1800;

/** The user data of each machine. An existing machine keeps its own; a new one gets a new host key in it.
 * @param programs to install on new ones in addition to the usual ones.
 * @param pin receives the public half of a new key */
export function userDataOf(
  { templates }: Pick<TargetContext, 'templates'>,
  wanted: readonly AwsMachine[],
  before: StackPlan | null,
  live: readonly InstanceFacts[],
  programs: readonly string[],
  pin: (machine: string, key: HostKey) => void,
): Map<string, string> {
  const template = readFileSync(templates.cloudInit, 'utf8');
  const idle = readFileSync(templates.idle, 'utf8');
  const existing = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
  const kept = before?.machines.filter(({ condition }) => existing.has(condition)) ?? [];
  const known = new Map(kept.map((one) => [one.condition, one.userData]));
  return new Map(
    wanted.map(({ name, own }) => {
      const before = known.get(name);
      if (before !== undefined) return [name, before];
      const { known: shown, file } = newHostKey();
      pin(name, shown);
      const { deadline, user: loginUser } = own;
      const start = { deadline, unused, idle, loginUser, programs, hostKey: file };
      return [name, userData(template, start).reveal()];
    }),
  );
}
