import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { takeLock } from '../../runs/lock.js';
import { type Notes, readNotes, writeNotes } from '../../runs/notes.js';
import { pasteable } from '../../shell/word.js';
import type { NamedRun } from './one-run.js';

/** Notes that cannot be read are not written over: a person may have edited them. */
class DamagedNotes extends UserError {
  constructor(folder: string, problem: string) {
    const path = join(folder, 'notes.json');
    super(`${folder}/${problem}: mend the file, or move it away.`, [pasteable`mv ${path} ${path}.broken`]);
  }
}

/** Changes what people say of a run. Changes at the same time wait for each other. @returns what they say now.
 * @throws DamagedNotes, LockHeld, NotARunFolder, NotTheRunsFolder */
export async function annotate(
  { id, folder, store }: NamedRun,
  change: (notes: Notes) => Notes,
): Promise<Notes> {
  store.refuseLinks(id);
  const release = await takeLock(join(folder, 'notes.lock'), () => {}, `the notes in ${folder}`);
  try {
    const { notes, problem } = readNotes(folder);
    if (problem !== null) throw new DamagedNotes(folder, problem);
    const changed = change(notes);
    writeNotes(folder, changed);
    return changed;
  } finally {
    release();
  }
}

export const notesIn = ({ folder }: NamedRun): Notes => readNotes(folder).notes;
