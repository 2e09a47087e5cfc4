import { UserError } from '../../errors.js';
import { type Notes, readNotes, writeNotes } from '../../runs/notes.js';
import type { NamedRun } from './one-run.js';

/** Notes that cannot be read are not written over: a person may have edited them. */
class DamagedNotes extends UserError {}

/** Changes what people say of a run. @returns what they say now. @throws DamagedNotes */
export function annotate({ folder, store }: NamedRun, change: (notes: Notes) => Notes): Notes {
  const { notes, problem } = readNotes(folder);
  if (problem !== null) throw new DamagedNotes(`${folder}/${problem}: mend the file, or move it away.`);
  store.refuseLinks();
  const changed = change(notes);
  writeNotes(folder, changed);
  return changed;
}

export const notesIn = ({ folder }: NamedRun): Notes => readNotes(folder).notes;
