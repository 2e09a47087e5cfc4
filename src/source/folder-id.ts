import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';

/** One hash for the files below a path, by name, size and time of change: contents may be too large to read. Names are
 *  bytes. A link counts by its own text, and is not followed; the path itself may be one. */
export function folderId(path: string): string {
  const hash = createHash('sha256');
  const top = Buffer.from(path);
  const files = statSync(path).isDirectory() ? filesBelow(top) : [Buffer.alloc(0)];
  for (const name of files.sort(Buffer.compare)) {
    const file = Buffer.concat([top, name]);
    // A file may have gone since it was listed.
    const found = (name.length === 0 ? statSync : lstatSync)(file, { throwIfNoEntry: false });
    hash.update(name).update('\0');
    if (found?.isSymbolicLink()) hash.update('->').update(readlinkSync(file, 'buffer')).update('\0');
    else hash.update(`${found?.size}\0${found?.mtimeMs}\0`);
  }
  return hash.digest('hex');
}

/** What is below a folder and no folder itself, each with a slash in front. */
function filesBelow(top: Buffer): Buffer[] {
  const files: Buffer[] = [];
  const folders = [Buffer.alloc(0)];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    const inside = Buffer.concat([top, folder, slash]);
    for (const entry of readdirSync(inside, { encoding: 'buffer', withFileTypes: true })) {
      const name = Buffer.concat([folder, slash, entry.name]);
      (entry.isDirectory() ? folders : files).push(name);
    }
  }
  return files;
}

const slash = Buffer.from('/');
