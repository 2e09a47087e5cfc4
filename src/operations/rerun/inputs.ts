import type { Parameters } from '../../experiment/parameters.js';
import type { RunRecord } from '../../runs/record.js';
import { inputFolders } from '../experiment.js';
import { inputHere, placesOf } from '../reproduce/inputs-here.js';
import type { Session } from '../session.js';

/** The inputs of some runs where they are here with the contents that they had: by `inputs` of parameters.json, where
 * they were, or where an import put them.
 * @param folder the experiment's. @param runs its runs/. @returns `inputs` for parameters.json.
 * @throws CannotReproduce if one is not here, or has other contents, which may be those of another of these runs */
export async function inputsAgain(
  session: Session,
  folder: string,
  runs: string,
  parameters: Parameters,
  records: readonly RunRecord[],
): Promise<Parameters['inputs']> {
  const inputs: Record<string, string> = {};
  for (const { id, recipe } of records)
    for (const [name, input] of Object.entries(recipe.inputs)) {
      const known = inputs[name];
      const places =
        known === undefined ? [...placeNow(folder, parameters, name), ...placesOf(input, runs)] : [known];
      inputs[name] = (await inputHere(session, id, name, input, places)).path;
    }
  return { ...parameters.inputs, ...inputs };
}

/** Where parameters.json says; none: nothing is there. */
function placeNow(folder: string, parameters: Parameters, name: string): string[] {
  const given = parameters.inputs[name];
  if (given === undefined) return [];
  try {
    return Object.values(inputFolders({ folder, parameters: { ...parameters, inputs: { [name]: given } } }));
  } catch {
    return [];
  }
}
