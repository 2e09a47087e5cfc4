import {
  type BigIntStats,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Writes the file whole or not at all: a reader sees the old text or the new one, also after this process was killed. A link
 *  in its place is replaced, not followed.
 *  @param mode for a file that holds state of ours: readable by its owner alone unless told otherwise.
 *  @param durable so it is after a power failure too, which may leave another new file empty: the disk has it then, which
 *  takes milliseconds.
 *  @returns what stat says of exactly this text, whatever another process has put in its place since */
export function writeAtomically(path: string, text: string, mode = 0o600, durable = false): BigIntStats {
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.new`;
  try {
    rmSync(half, { force: true });
    // Refused where a file or a link has come into its place.
    const file = openSync(half, 'wx', mode);
    try {
      writeFileSync(file, text);
      if (durable) fsyncSync(file);
      const written = fstatSync(file, { bigint: true });
      renameSync(half, path);
      if (durable) syncFolder(dirname(path));
      return written;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}

/** Names in a folder are written to the disk by themselves. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
