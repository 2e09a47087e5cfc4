import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunId } from './run-id.js';

/** The run in whose folder a file or folder lies, links followed: the folder's real path; null: it lies in none, or does
 * not exist. */
export function runFolderOf(path: string): string | null {
  let at = realPath(path);
  for (; at !== null && at !== dirname(at); at = dirname(at))
    if (isRunId(basename(at)) && basename(dirname(at)) === 'runs' && existsSync(join(at, 'run.json')))
      return at;
  return null;
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
