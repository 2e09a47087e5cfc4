import { createHash } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { writeAtomically } from '../shell/atomic-file.js';
import { pasteable } from '../shell/word.js';
import { readBounded } from './bounded-file.js';

/** The file system has no links, has no more of them for this file, or has none to a file of another user's. */
const refusals = new Set(['EMLINK', 'EPERM', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOENT']);

/** Each run has its parameters.json, and all runs of one text share its room on the disk: thousands of runs of a long list of
 *  conditions would fill it. A run's folder is whole all the same wherever it is copied to. */
export class ParametersFiles {
  readonly #folder: string;
  /** Paths of shared copies that have been compared. */
  readonly #sound = new Set<string>();

  /** @param runs the folder runs/ of an experiment */
  constructor(runs: string) {
    this.#folder = join(runs, '.parameters');
  }

  /** Puts the text as parameters.json into a run's folder, unless there is one. */
  put(run: string, text: string): void {
    const shared = this.#shared(text);
    const own = join(run, 'parameters.json');
    linkOrCopy(shared, own, text);
  }

  /** The one copy of a text. */
  #shared(text: string): string {
    const path = join(this.#folder, `${createHash('sha256').update(text).digest('hex')}.json`);
    if (this.#sound.has(path)) return path;
    mkdirSync(this.#folder, { recursive: true });
    if (!lstatSync(this.#folder).isDirectory())
      throw new UserError(`${this.#folder} is a link: copies of parameters.json are not kept elsewhere.`, [
        pasteable`rm ${this.#folder}`,
      ]);
    // One that was edited through a run's name for it is left to the runs that have it.
    if (!hasText(path, text)) writeAtomically(path, text, 0o444);
    this.#sound.add(path);
    return path;
  }
}

/** A second name for a file, or a copy where the file system refuses that. What is at `to` stays.
 *  @param text what is in the file */
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
