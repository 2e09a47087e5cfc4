import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The number and size of files below a folder. */
export interface DataSize {
  readonly files: number;
  /** Of all files; a link counts with the length of its target. */
  readonly bytes: number;
}

/** Measures a folder. @throws if it does not exist or cannot be read */
export function sizeBelow(folder: string): DataSize {
  let [files, bytes] = [0, 0];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inner = sizeBelow(path);
      files += inner.files;
      bytes += inner.bytes;
    } else {
      files++;
      bytes += lstatSync(path).size;
    }
  }
  return { files, bytes };
}
