import { UserError } from '../errors.js';
import { AwsTarget } from './aws/aws.js';
import type { TargetContext } from './context.js';
import { HostsTarget } from './hosts/hosts.js';
import { LocalTarget } from './local/local.js';
import type { Target } from './target.js';

/** Every target, by its name. A new one is a folder and a line here. */
const targets: Readonly<Record<string, (context: TargetContext) => Target>> = {
  local: (context) => new LocalTarget(context),
  hosts: (context) => new HostsTarget(context),
  aws: (context) => new AwsTarget(context),
};

export const targetNames: readonly string[] = Object.keys(targets);

/** The target that machines given on the command line are for. */
export const targetOfHosts = 'hosts';

export class TargetNotSupported extends UserError {
  constructor(name: string) {
    super(`This version of logistician has no target "${name}".`, [
      'logistician deploy --target local',
      'logistician deploy --target hosts --hosts user@gpu1,user@gpu2',
      'logistician deploy --target aws',
    ]);
  }
}

/** @throws TargetNotSupported */
export function targetNamed(name: string, context: TargetContext): Target {
  const make = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (!make) throw new TargetNotSupported(name);
  return make(context);
}
