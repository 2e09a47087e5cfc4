import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StackPlan, tagKeys } from '../../stacks/stack-plan.js';
import { UserError } from '../errors.js';
import { userData } from '../machines/user-data.js';
import type { InstanceFacts } from '../tools/aws/api.js';
import { cidrTowards, publicCidr } from '../tools/aws/caller.js';
import { newHostKey } from '../tools/ssh/host-key.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';
import { madeBy, maker } from './aws-deployments.js';
import type { Ground, RentedMachine } from './aws-plan.js';
import type { Surroundings } from './surroundings.js';

/** The key that `setup` made, the half that machines are given. */
export const publicKeyIn = (home: string): string => join(home, '.logistician', 'ssh-key.pub');

/** What is the same for all machines of a stack: as it was, but for the address that SSH may come from, which is ours
 *  now. @throws UserError where nobody knows that address */
export async function groundOf(
  { home, aws, tags }: Surroundings,
  machines: readonly RentedMachine[],
  before: StackPlan | null,
): Promise<Ground> {
  return {
    publicKey: before?.publicKey ?? readFileSync(publicKeyIn(home), 'utf8').trim(),
    tags: before?.tags ?? { ...tags, [madeBy]: maker() },
    sshCidr: aws.sshCidr ?? (await callersCidr(machines)),
  };
}

async function callersCidr(machines: readonly RentedMachine[]): Promise<string> {
  const cloud = machines[0]?.cloud;
  if (cloud?.ssh_address !== 'private') return publicCidr();
  if (cloud.subnet) return cidrTowards(cloud.subnet.range);
  throw new UserError(
    'With "aws_ssh_address": "private" nobody knows from which address the machines see you, unless a subnet or the address is named.',
    ['"aws_ssh_cidr": "10.0.0.0/8"    # in parameters.json', '"aws_subnet_id": "subnet-…"'],
  );
}

/** The user data of each machine. One that is there keeps its own; another gets a host key of its own with it.
 *  @param programs what a new one installs beside what every machine has. @param pin is told of a new key, the public half */
export function userDataOf(
  { cloudInit }: Pick<Surroundings, 'cloudInit'>,
  wanted: readonly RentedMachine[],
  before: StackPlan | null,
  live: readonly InstanceFacts[],
  programs: readonly string[],
  pin: (machine: string, key: HostKey) => void,
): Map<string, string> {
  const template = readFileSync(cloudInit, 'utf8');
  const there = new Set(live.map(({ tags }) => tags[tagKeys.condition]));
  const kept = before?.machines.filter(({ condition }) => there.has(condition)) ?? [];
  const known = new Map(kept.map((one) => [one.condition, one.userData]));
  return new Map(
    wanted.map(({ name, cloud }) => {
      const own = known.get(name);
      if (own !== undefined) return [name, own];
      const { known: shown, file } = newHostKey();
      pin(name, shown);
      const start = { deadline: cloud.deadline, loginUser: cloud.user, programs, hostKey: file };
      return [name, userData(template, start).reveal()];
    }),
  );
}
