import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { UserError } from '../errors.js';
import { type Parameters, readParameters } from '../experiment/parameters.js';
import { nearest } from '../phrases.js';
import { readBounded, UnreadableFile } from '../runs/bounded-file.js';
import { pasteable } from '../shell/word.js';
import { targetNames } from '../targets/registry.js';

export class NoExperiment extends UserError {
  constructor(folder: string, missing: string) {
    const below = experimentsBelow(folder);
    super(`${folder} is not an experiment: it has no ${missing}.`, [
      ...below.slice(0, 3).map((experiment) => pasteable`cd ${experiment}`),
      ...(below.length === 0 ? [pasteable`logistician create ${folder}`] : []),
      'logistician status FOLDER    # an experiment somewhere else',
    ]);
  }
}

/** Experiments in the folder, or in a folder of it. */
function experimentsBelow(folder: string): readonly string[] {
  const foldersOf = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^\.|^node_modules$|^runs$/.test(entry.name))
      .slice(0, 100)
      .map((entry) => join(path, entry.name));
  try {
    const near = foldersOf(folder);
    const all = [...near, ...near.flatMap(foldersOf)];
    return all.filter((path) => existsSync(join(path, 'parameters.json')));
  } catch {
    // It may not be ours to read.
    return [];
  }
}

export class NoSuchFolder extends UserError {
  constructor(folder: string) {
    const near = nearestExperiment(folder);
    super(`There is no folder ${folder}.${near ? ` Did you mean ${near}?` : ''}`, [
      pasteable`logistician create ${folder}`,
    ]);
  }
}

/** The experiment beside it whose name is most like its own. */
function nearestExperiment(folder: string): string | null {
  const above = dirname(folder);
  if (!existsSync(above)) return null;
  const experiments = readdirSync(above).filter((name) => existsSync(join(above, name, 'parameters.json')));
  const meant = nearest(basename(folder), experiments);
  return meant === null ? null : join(above, meant);
}

/** Reads parameters.json of the experiment. @throws NoExperiment, InvalidParameters */
export function readExperiment(folder: string): { text: string; parameters: Parameters; path: string } {
  const path = join(folder, 'parameters.json');
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new NoSuchFolder(folder);
  if (!found.isDirectory()) {
    throw new UserError(`${folder} is a file; an experiment is a folder.`, [
      pasteable`ls ${dirname(folder)}`,
    ]);
  }
  const text = textOf(path);
  if (text === null) throw new NoExperiment(folder, 'parameters.json');
  return { text, parameters: readParameters(text, relative('', path), targetNames), path };
}

/** null: there is none. A job in `run` may have put anything there. */
function textOf(path: string): string | null {
  try {
    return readBounded(path)?.bytes.toString('utf8') ?? null;
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new UserError(`${path} cannot be read: it ${cause.reason}.`, [pasteable`ls -ld ${path}`], {
      cause,
    });
  }
}
