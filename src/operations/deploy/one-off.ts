import { type Condition, conditionOf } from '../../experiment/condition.js';
import { readParameters } from '../../experiment/parameters.js';
import { targetNames } from '../../targets/registry.js';
import type { Experiment } from '../experiment.js';

/** Conditions of the last deployment that it had from its command line, `deploy -- ARGUMENTS`, and not from its
 * parameters.json: a retry of all retries these, too. @throws InvalidParameters */
export function oneOffConditions({ deployments, runs, conditions }: Experiment): Condition[] {
  const last = deployments.read();
  if (!last) return [];
  const ofItsFile = readParameters(last.parameters_file, 'parameters.json', targetNames).conditions;
  const known = new Set([...conditions, ...ofItsFile].map(({ id }) => id));
  const found = new Map<string, Condition>();
  for (const { run, condition } of last.jobs) {
    if (known.has(condition)) continue;
    const record = deployments.keptReceipt(run) ?? runs.readOrNull(run);
    const recorded = record?.recipe.condition;
    if (recorded) found.set(condition, conditionOf(recorded.argv, recorded.parameters));
  }
  return [...found.values()];
}
