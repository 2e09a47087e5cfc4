import { basename } from 'node:path';
import type { Recipe } from '../recipe/recipe.js';
import { runFolderOf } from '../runs/run-at.js';
import { InputHashes } from '../source/input-hashes.js';
import { type InputId, type InputProgress, lookAtInput } from '../source/input-id.js';
import type { Session } from './session.js';

/** The ids of the inputs' present contents, for recipes. @param folders absolute paths by name */
export async function inputsOf(
  session: Session,
  folders: Readonly<Record<string, string>>,
): Promise<Recipe['inputs']> {
  const inputs: [string, Recipe['inputs'][string]][] = [];
  // Sequentially: they are usually on one disk.
  for (const [name, path] of Object.entries(folders)) {
    const run = runFolderOf(path);
    const found = await lookAtInputOf(session, name, path);
    inputs.push([name, { path, ...found, ...(run !== null && { run: basename(run) }) }]);
  }
  return Object.fromEntries(inputs);
}

/** Reads one input, and shows progress if that takes more than a second. */
export function lookAtInputOf(
  { home, executor, now, notify }: Session,
  name: string,
  path: string,
): Promise<InputId> {
  const hashes = new InputHashes(home, executor.dryRun, now);
  let next = now().getTime() + 1000;
  const progress = (done: InputProgress) => {
    const time = now().getTime();
    if (time < next) return;
    next = time + 5000;
    notify.step(progressText(name, done));
  };
  return lookAtInput(path, { hashes, progress });
}

/** `Input mnist: 3.2 of 8.0 GB read, to know whether it has changed` */
export const progressText = (name: string, { files, read, toRead }: InputProgress): string =>
  toRead === 0
    ? `Input ${name}: ${files} files so far`
    : `Input ${name}: ${gigabytes(read)} of ${gigabytes(toRead)} GB read, to know whether it has changed`;

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
