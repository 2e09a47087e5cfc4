import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isAlive, nameOfProcess } from '../shell/processes.js';

// A folder that one command works in, and its mark beside it, FOLDER.holder: a link that names the process. What a killed
// command leaves is told from one that is in use by it.

const ending = '.holder';

/** A new folder. */
export interface WorkFolder {
  /** Absolute path. */
  readonly path: string;
  /** Takes the mark away; the folder stays. */
  release(): void;
  /** Removes both. */
  remove(): void;
}

/** Makes a folder `BASE.SUFFIX` that is this process's own. @throws Error of the file system */
export function makeWorkFolder(base: string, separator = '.'): WorkFolder {
  mkdirSync(dirname(base), { recursive: true, mode: 0o700 });
  const path = `${base}${separator}${randomBytes(4).toString('hex')}`;
  const mark = `${path}${ending}`;
  // First: a folder without a mark is abandoned.
  symlinkSync(nameOfProcess(process.pid), mark);
  const release = () => rmSync(mark, { force: true });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    release();
    throw error;
  }
  const remove = () => {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    release();
  };
  return { path, release, remove };
}

/** Folders, and marks without one, whose process has ended: absolute paths.
 * @param folder that they are in. @param isOne whether a name, without that of a mark, is one of theirs */
export function abandonedIn(folder: string, isOne: (name: string) => boolean): string[] {
  const names = namesIn(folder);
  const own = new Set(names.map((name) => basename(name, ending)).filter(isOne));
  return [...own]
    .map((name) => join(folder, name))
    .filter((path) => !isHeld(path))
    .flatMap((path) => [path, `${path}${ending}`])
    .filter((path) => names.includes(basename(path)));
}

/** The process of another computer that shares the folder may live. */
function isHeld(path: string): boolean {
  try {
    const holder = readlinkSync(`${path}${ending}`);
    return !holder.endsWith(`@${hostname()}`) || isAlive(holder);
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
