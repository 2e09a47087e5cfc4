import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import { pasteable } from '../../shell/word.js';

/** A pipe is in the place of a file that git reads. */
export class PipeForGit extends UserError {
  constructor(path: string) {
    super(`${path} is a pipe (FIFO), not a file: git would wait for ever for its text.`, [
      pasteable`rm ${path}`,
    ]);
  }
}

/** Files of a working tree that git opens by their names. */
const readByGit = new Set(['.gitignore', '.gitattributes', '.gitmodules', '.lfsconfig', '.git']);

/** Milliseconds. A git that takes longer may be waiting. */
const patience = 1000;

/** Git waits for ever for a pipe in the place of a file that it reads, and a job of `run` may have put one there: if git
 * takes long, we look for one.
 * @param folder any folder in the working tree.
 * @param work gets a signal that ends its git. @throws PipeForGit, and what it throws */
export async function unlessBlocked<T>(folder: string, work: (end: AbortSignal) => Promise<T>): Promise<T> {
  const [blocked, over] = [new AbortController(), new AbortController()];
  const look = async () => {
    const pipe = await firstPipe(rootOf(folder), over.signal);
    if (pipe !== null) blocked.abort(new PipeForGit(pipe));
  };
  const timer = setTimeout(() => void look(), patience);
  try {
    return await work(blocked.signal);
  } catch (error) {
    throw blocked.signal.aborted ? blocked.signal.reason : error;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

/** The nearest folder above that has a `.git`. */
function rootOf(folder: string): string {
  const isRoot = existsSync(join(folder, '.git')) || folder === dirname(folder);
  return isRoot ? folder : rootOf(dirname(folder));
}

/** The first one found, from the top; null: none, or it is over. */
async function firstPipe(root: string, over: AbortSignal): Promise<string | null> {
  const folders = [root];
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (over.aborted) return null;
    const isGits = `${folder}/`.startsWith(join(root, '.git/'));
    const pipe = entries.find((one) => one.isFIFO() && (isGits || readByGit.has(one.name)));
    if (pipe) return join(folder, pipe.name);
    const inner = entries.filter((one) => one.isDirectory() && !(isGits && one.name === 'objects'));
    folders.push(...inner.map(({ name }) => join(folder, name)));
  }
  return null;
}
