import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { accessLines } from '../shell/access.js';
import { writeAtomically } from '../shell/atomic-file.js';

/** Creates a folder that git ignores: it does not make the tree dirty and is not in snapshots. */
export function ignoreFromGit(folder: string): void {
  const file = join(folder, '.gitignore');
  if (existsSync(file)) return;
  try {
    mkdirSync(folder, { recursive: true });
    writeAtomically(file, '*\n', 0o644);
  } catch (cause) {
    throw new UserError(`${folder} cannot be written: ${(cause as Error).message}`, accessLines(folder), {
      cause,
    });
  }
}
