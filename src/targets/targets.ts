import { UserError } from '../errors.js';
import { AwsTarget } from './aws.js';
import { HostsTarget } from './hosts.js';
import { LocalTarget } from './local.js';
import type { Surroundings } from './surroundings.js';
import type { Target } from './target.js';

export class TargetNotSupported extends UserError {
  constructor(name: string) {
    super(`The target "${name}" is not in this version of logistician.`, [
      'logistician deploy --target local',
      'logistician deploy --target hosts --hosts user@gpu1,user@gpu2',
      'logistician deploy --target aws',
    ]);
  }
}

/** The target of that name. @throws TargetNotSupported */
export function targetNamed(name: string, world: Surroundings): Target {
  if (name === 'local') return new LocalTarget(world);
  if (name === 'hosts') return new HostsTarget(world);
  if (name === 'aws') return new AwsTarget(world);
  throw new TargetNotSupported(name);
}
