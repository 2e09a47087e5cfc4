import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** How much there is below a folder. */
export interface DataSize {
  readonly files: number;
  /** Of all files, links by the length of what they say. */
  readonly bytes: number;
}

/** What is below the folder now. @throws if it is not there, or cannot be read */
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
