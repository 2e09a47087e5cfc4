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

/** Writes the file atomically: a reader sees the old text or the new one, even if this process is killed. A link in its
 * place is replaced, not followed.
 * @param text all of it, or its parts in their order. @param mode default: readable by its owner only, as for our state.
 * @param durable also after a power failure, which could leave an empty file otherwise: syncs to disk, which takes
 * milliseconds.
 * @returns the stat of exactly this text, even if another process has replaced it since */
export function writeAtomically(
  path: string,
  text: string | Iterable<string>,
  mode = 0o600,
  durable = false,
): BigIntStats {
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.new`;
  try {
    rmSync(half, { force: true });
    // Fails if a file or a link exists in its place.
    const file = openSync(half, 'wx', mode);
    try {
      for (const part of typeof text === 'string' ? [text] : text) writeFileSync(file, part);
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

/** Syncs a folder: its entries are written to disk separately. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
