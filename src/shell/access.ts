import { lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { pasteable } from './word.js';

/** The lines that restore a user's access to their own file: they show the owner of the file, or of the folder that
 * blocks access, and how to change it. Files in another user's folder are left to that user. */
export function accessLines(path: string): string[] {
  const barrier = firstKnown(path);
  const look = pasteable`ls -ld ${barrier.path}`;
  const own = process.getuid?.();
  if (barrier.owner === own) return [look, pasteable`chmod u+rwX ${barrier.path}`];
  if (firstKnown(dirname(barrier.path)).owner !== own) return [look];
  const { username } = userInfo();
  return [look, `${pasteable`sudo chown -R ${username} ${barrier.path}`}    # if you made it with sudo`];
}

/** The path itself, or the nearest folder above it whose status can be read. */
function firstKnown(path: string): { path: string; owner: number | null } {
  for (let at = path; ; at = dirname(at)) {
    try {
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (found) return { path: at, owner: found.uid };
    } catch {
      // A folder above it cannot be entered.
    }
    if (at === dirname(at)) return { path, owner: null };
  }
}
