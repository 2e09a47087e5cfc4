import { machineAddress } from '../../stacks/stack-plan.js';
import type { Progress } from '../tools/terraform/progress.js';
import { countEnded, failures, stepOf } from './aws-plan.js';
import type { Surroundings } from './surroundings.js';

/** Tells how far those machines are that Terraform makes now. */
export function tellSteps(
  { step }: Pick<Surroundings, 'step'>,
  fresh: readonly string[],
): (progress: Progress) => void {
  for (const name of fresh) step(name, 'waiting');
  const told = new Map<string, string>();
  return ({ resources }) => {
    const failed = failures({ resources });
    for (const name of fresh) {
      const resource = resources.get(machineAddress(name));
      const now = resource && stepOf(resource.step, failed.get(name));
      const text = JSON.stringify(now);
      if (now && told.get(name) !== text) step(name, now);
      told.set(name, text);
    }
  };
}

/** Tells how many machines Terraform has ended. */
export function tellEnds({ note }: Pick<Surroundings, 'note'>): (progress: Progress) => void {
  let told = '';
  return (progress) => {
    const text = countEnded(progress);
    if (text !== '' && text !== told) note(text);
    told = text;
  };
}
