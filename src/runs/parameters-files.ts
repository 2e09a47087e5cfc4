import { createHash } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import { readBounded } from './bounded-file.js';

/** Errors of file systems without hard links, with a limit of them, or without links to files of other users. */
const refusals = new Set(['EMLINK', 'EPERM', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOENT']);

/** Each run has its parameters.json, and runs with the same text share one file on disk by hard links: thousands of
 * copies of a long list would fill the disk. A copied run folder still contains its own. */
export class ParametersFiles {
  readonly #folder: string;
  /** Paths of shared copies that have been verified. */
  readonly #sound = new Set<string>();

  /** @param runs the folder runs/ of an experiment */
  constructor(runs: string) {
    this.#folder = join(runs, '.parameters');
  }

  /** Writes the text to parameters.json in a run's folder, unless it exists. */
  put(run: string, text: string): void {
    const shared = this.#shared(text);
    const own = join(run, 'parameters.json');
    linkOrCopy(shared, own, text);
  }

  /** The shared copy of a text. */
  #shared(text: string): string {
    const path = join(this.#folder, `${createHash('sha256').update(text).digest('hex')}.json`);
    if (this.#sound.has(path)) return path;
    mkdirSync(this.#folder, { recursive: true });
    if (!lstatSync(this.#folder).isDirectory())
      throw new UserError(`${this.#folder} is a link: copies of parameters.json are not kept elsewhere.`, [
        pasteable`rm ${this.#folder}`,
      ]);
    // A shared copy that was edited through a run's link is left to those runs.
    if (!hasText(path, text)) writeAtomically(path, text, 0o444);
    this.#sound.add(path);
    return path;
  }
}

/** Creates a hard link, or a copy if the file system refuses one. An existing `to` stays.
 * @param text the contents of the file */
export function linkOrCopy(from: string, to: string, text: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (!refusals.has(code)) throw cause;
    writeFileSync(to, text, { mode: 0o444, flag: 'wx' });
  }
}

function hasText(path: string, text: string): boolean {
  try {
    return lstatSync(path).isFile() && readBounded(path)?.bytes.equals(Buffer.from(text)) === true;
  } catch {
    return false;
  }
}
