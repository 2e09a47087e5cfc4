import { type Condition, conditionOf } from '../../experiment/condition.js';
import { readParameters } from '../../experiment/parameters.js';
import { targetNames } from '../../targets/registry.js';
import type { Experiment } from '../experiment.js';

/** Conditions of the last deployment that it had from its command line, `deploy -- ARGUMENTS`: those that are not in the
 * parameters.json of their own run. A retry of all retries these, too. What a person has taken out of parameters.json
 * since is none. @throws InvalidParameters */
export function oneOffConditions({ deployments, runs, conditions }: Experiment): Condition[] {
  const known = new Set(conditions.map(({ id }) => id));
  const found = new Map<string, Condition>();
  /** Ids of the conditions in a text of parameters.json: most runs have the same. */
  const listed = new Map<string, ReadonlySet<string>>();
  const isListed = (text: string, condition: string) => {
    const ids = listed.get(text) ?? new Set(idsIn(text));
    listed.set(text, ids);
    return ids.has(condition);
  };
  for (const { run, condition } of deployments.read()?.jobs ?? []) {
    const text = known.has(condition) ? null : runs.parametersOf(run);
    if (text === null || isListed(text, condition)) continue;
    const recorded = (deployments.keptReceipt(run) ?? runs.readOrNull(run))?.recipe.condition;
    if (recorded) found.set(condition, conditionOf(recorded.argv, recorded.parameters));
  }
  return [...found.values()];
}

const idsIn = (text: string): string[] =>
  readParameters(text, 'parameters.json', targetNames).conditions.map(({ id }) => id);
