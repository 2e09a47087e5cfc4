import {
  type BigIntStats,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Writes the file whole or not at all: a reader, and a crash, see the old text or the new one. A link in its place is
 *  replaced, not followed.
 *  @param mode for a file that holds state of ours: readable by its owner alone unless told otherwise.
 *  @returns what stat says of exactly this text, whatever another process has put in its place since */
export function writeAtomically(path: string, text: string, mode = 0o600): BigIntStats {
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.new`;
  try {
    rmSync(half, { force: true });
    // Refused where a file or a link has come into its place.
    const file = openSync(half, 'wx', mode);
    try {
      writeFileSync(file, text);
      const written = fstatSync(file, { bigint: true });
      renameSync(half, path);
      return written;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}
