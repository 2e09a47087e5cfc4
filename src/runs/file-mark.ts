import { type Stats, statSync } from 'node:fs';

// Whether a file is still the one that was read, by its size, time and number: no file is opened for it.

/** The mark of a file that does not exist. */
export const noFile = '-;';

export function markOf(found: Stats): string {
  const size = found.isFile() ? found.size.toString(36) : '/';
  return `${size},${found.mtimeMs.toString(36)},${found.ino.toString(36)};`;
}

export function markAt(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? markOf(found) : noFile;
  } catch {
    return noFile;
  }
}
