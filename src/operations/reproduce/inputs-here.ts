import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../../recipe/recipe.js';
import { pasteable } from '../../shell/word.js';
import { lookAtInputOf } from '../inputs.js';
import type { Session } from '../session.js';
import { CannotReproduce } from './cannot.js';

/** Where `import` puts an input that came with a run. @param runs the experiment's folder runs/ */
export const importedInput = (runs: string, hash: string): string => join(runs, '.inputs', hash);

type Recorded = Recipe['inputs'][string];

export interface InputHere {
  readonly path: string;
  /** What is not known of it, a sentence; null: it is the same. */
  readonly note: string | null;
}

/** Where an input of a run may be: where it was, and where an import put it. @param runs the experiment's folder runs/ */
export const placesOf = ({ path, hash }: Recorded, runs: string): string[] => [
  path,
  ...(hash ? [importedInput(runs, hash)] : []),
];

/** The first place where an input of a run is, with the contents that it had. @param run its id. @throws
 * CannotReproduce */
export async function inputHere(
  session: Session,
  run: string,
  name: string,
  recorded: Recorded,
  places: readonly string[],
): Promise<InputHere> {
  const { hash, id } = recorded;
  const found = places.filter((place) => existsSync(place));
  for (const place of found) {
    const now = await lookAtInputOf(session, name, place);
    if (hash && now.hash ? hash === now.hash : id === now.id) return { path: place, note: null };
    // By times alone it cannot be told whether the contents are the same.
    if (!hash || !now.hash)
      return { path: place, note: `Whether the input "${name}" is the same as then is not known: ${place}.` };
  }
  const [other] = found;
  const from = recorded.run === undefined ? '' : ` It was part of the run ${recorded.run}.`;
  throw new CannotReproduce(
    other === undefined
      ? `The input "${name}" of the run is not here: there is no ${places[0]}.${from}`
      : `The input "${name}" has other contents now than when it ran: ${other}.`,
    [pasteable`logistician reproduce ${run} --input ${`${name}=FOLDER`}    # where it is here`],
  );
}
