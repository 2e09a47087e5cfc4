import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';

/** Makes the folder, one that git does not see: it never makes a tree dirty and enters no snapshot. */
export function ignoreFromGit(folder: string): void {
  const file = join(folder, '.gitignore');
  if (existsSync(file)) return;
  try {
    mkdirSync(folder, { recursive: true });
    writeAtomically(file, '*\n', 0o644);
  } catch (cause) {
    throw new UserError(
      `${folder} cannot be written: ${(cause as Error).message}`,
      [pasteable`ls -ld ${folder} ${join(folder, '..')}`],
      { cause },
    );
  }
}
