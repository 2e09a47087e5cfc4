import { ownLine, UserError } from '../errors.js';
import * as all from './all.js';
import type { TargetContext } from './context.js';
import type { Target } from './target.js';

const targets: Readonly<Record<string, () => Promise<new (context: TargetContext) => Target>>> = all;

export const targetNames: readonly string[] = Object.keys(targets).sort();

/** The default target, and the one in the receipts of `run`. */
export const targetHere = 'local' satisfies keyof typeof all;

/** The target of machines given on the command line. */
export const targetOfHosts = 'hosts' satisfies keyof typeof all;

export class TargetNotSupported extends UserError {
  constructor(name: string) {
    super(`This version of logistician has no target "${name}".`, [
      ownLine('deploy', ['--target', 'local']),
      ownLine('deploy', ['--target', 'hosts', '--hosts', 'user@gpu1,user@gpu2']),
      ownLine('deploy', ['--target', 'aws']),
    ]);
  }
}

/** @throws TargetNotSupported */
export async function targetNamed(name: string, context: TargetContext): Promise<Target> {
  const load = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (!load) throw new TargetNotSupported(name);
  const Named = await load();
  return new Named(context);
}
