import { type Stats, statSync } from 'node:fs';

// Whether the files that a row was made of are still the same, by their stamps: no file is opened for it.

/** The files of every run, in its folder. */
const always = ['run.json', 'notes.json'];

/** Size, time and number of each file; `-` for one that does not exist.
 * @param run the run's folder. @param watched paths below its folder data/ */
export function stampsOf(run: string, watched: readonly string[]): string {
  let text = '';
  for (const name of always) text += stampOf(`${run}/${name}`);
  for (const name of watched) text += stampOf(`${run}/data/${name}`);
  return text;
}

/** Whether the run has notes, by its stamps. */
export const hasNotes = (stamps: string): boolean => !/^[^;]*;-;/.test(stamps);

function stampOf(path: string): string {
  const found = statOf(path);
  if (!found) return '-;';
  const size = found.isFile() ? found.size.toString(36) : '/';
  return `${size},${found.mtimeMs.toString(36)},${found.ino.toString(36)};`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
