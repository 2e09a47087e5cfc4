import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { readBounded, UnreadableFile } from './bounded-file.js';

/** A note of a person about a run. */
export interface Note {
  readonly time: string;
  readonly user: string;
  readonly text: string;
}

/** notes.json beside a receipt: what people say of the run afterwards. The receipt itself stays as it was written. */
export interface Notes {
  readonly schema: 1;
  /** Oldest first. */
  readonly notes: readonly Note[];
  /** In order, each once. */
  readonly tags: readonly string[];
}

export const noNotes: Notes = { schema: 1, notes: [], tags: [] };

const fileIn = (run: string): string => join(run, 'notes.json');

/** The most bytes of the file. */
const largest = 2 ** 20;

/** Notes that would not be read again. */
export class TooManyNotes extends UserError {
  constructor() {
    super('The notes and tags of a run have at most 1 MiB. Put a long text into a file, and note its name.');
  }
}

/** Reads the notes of a run. Unfit ones are a problem, not an error: they may have been edited.
 * @param run its folder */
export function readNotes(run: string): { readonly notes: Notes; readonly problem: string | null } {
  // Most runs have none, and an error takes longer than a look.
  if (!existsSync(fileIn(run))) return { notes: noNotes, problem: null };
  try {
    const file = readBounded(fileIn(run), largest);
    if (!file) return { notes: noNotes, problem: null };
    const notes = notesOf(JSON.parse(file.bytes.toString()));
    return notes
      ? { notes, problem: null }
      : { notes: noNotes, problem: 'notes.json: not the notes of a run' };
  } catch (error) {
    const why = error instanceof UnreadableFile ? error.reason : 'is not JSON, or half-written';
    return { notes: noNotes, problem: `notes.json: ${why}` };
  }
}

/** Writes them, whole or not at all. @throws TooManyNotes */
export const writeNotes = (run: string, notes: Notes): void => {
  const text = `${JSON.stringify(notes, null, 2)}\n`;
  if (Buffer.byteLength(text) > largest) throw new TooManyNotes();
  writeAtomically(fileIn(run), text, 0o644);
};

function notesOf(value: unknown): Notes | null {
  const { schema, notes, tags } = (value ?? {}) as Partial<Record<keyof Notes, unknown>>;
  if (schema !== 1 || !Array.isArray(notes) || !Array.isArray(tags)) return null;
  const areSound =
    tags.every((tag) => typeof tag === 'string') &&
    notes.every((note: Partial<Record<keyof Note, unknown>> | null) =>
      [note?.time, note?.user, note?.text].every((part) => typeof part === 'string'),
    );
  return areSound ? { schema, notes, tags } : null;
}
