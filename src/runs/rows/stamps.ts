import { markAt, noFile } from '../file-mark.js';

/** The marks of the files that a row was made of, one after the other.
 * @param run the run's folder. @param watched paths below its folder data/ */
export function stampsOf(run: string, watched: readonly string[]): string {
  let text = markAt(`${run}/run.json`) + notesMark(run);
  for (const name of watched) text += markAt(`${run}/data/${name}`);
  return text;
}

export const notesMark = (run: string): string => markAt(`${run}/notes.json`);

/** Whether the run has notes, by that mark. */
export const hasNotes = (mark: string): boolean => mark !== noFile;
