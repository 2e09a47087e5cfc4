import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type Suggestion, UserError } from '../errors.js';
import { fileText } from '../experiment/file-text.js';
import { type Parameters, readParameters } from '../experiment/parameters.js';
import { nearest } from '../phrases.js';
import { mendingLines, readBounded, UnreadableFile } from '../runs/bounded-file.js';
import { pasteable } from '../shell/word.js';
import { targetNames } from '../targets/registry.js';
import { experimentsIn, freeFolder, isCalled, namesakes, projectRoot } from './experiments-in.js';
import type { Notify } from './session.js';

export class NoExperiment extends UserError {
  constructor(folder: string, missing: string) {
    super(`${folder} is not an experiment: it has no ${missing}.`, waysOut(folder, missing));
  }
}

/** Remedies for a folder that is not an experiment. */
function waysOut(folder: string, missing: string): Suggestion[] {
  if (missing === 'Dockerfile') {
    const path = join(folder, missing);
    return [pasteable`echo 'FROM python:3-slim' >${path}    # or what the command needs`];
  }
  const root = projectRoot(folder);
  const others = experimentsIn(root ?? folder);
  if (others.length > 0)
    return [
      ...others.slice(0, 3).map((experiment) => pasteable`cd ${experiment.folder}`),
      pasteable`logistician list ${root ?? folder}`,
    ];
  return [createLine(existsSync(join(folder, 'Dockerfile')) ? folder : freeFolder(root ?? folder))];
}

/** The line that creates an experiment without questions. */
export const createLine = (folder: string): string =>
  pasteable`logistician create ${folder} --command ${'python3 train.py'}`;

export class NoSuchFolder extends UserError {
  constructor(folder: string) {
    const near = nearestExperiment(folder);
    super(`There is no folder ${folder}.${near ? ` Did you mean ${near}?` : ''}`, [
      ...(near ? [pasteable`logistician status ${near}`] : []),
      createLine(folder),
    ]);
  }
}

/** The experiment of the project whose name is most like its own. */
function nearestExperiment(folder: string): string | null {
  const root = projectRoot(folder);
  if (root === null) return null;
  const experiments = experimentsIn(root);
  const names = experiments.flatMap((one) => [basename(one.folder), ...(one.name ? [one.name] : [])]);
  const meant = nearest(basename(folder), names);
  return (meant && experiments.find((one) => isCalled(one, meant))?.folder) ?? null;
}

/** @throws NoSuchFolder; UserError for a file */
export function refuseNoFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new NoSuchFolder(folder);
  if (!found.isDirectory())
    throw new UserError(`${folder} is a file; an experiment is a folder.`, [
      pasteable`ls ${dirname(folder)}`,
    ]);
}

/** Reads parameters.json of the experiment. @throws NoExperiment, InvalidParameters */
export function readExperiment(folder: string): { text: string; parameters: Parameters; path: string } {
  const path = join(folder, 'parameters.json');
  refuseNoFolder(folder);
  const text = textOf(path);
  if (text === null) throw new NoExperiment(folder, 'parameters.json');
  return { text, parameters: readParameters(text, relative('', path), targetNames), path };
}

/** null: the file does not exist. A job of `run` may have put anything in its place. */
function textOf(path: string): string | null {
  try {
    const file = readBounded(path);
    return file && fileText(file.bytes, path);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new UserError(`${path} cannot be read: it ${cause.reason}.`, mendingLines(path, cause), { cause });
  }
}

/** Warns of two experiments of a project with one name: their images, containers and lines in `list` would have the
 * same name. */
export function warnOfNamesakes(notify: Pick<Notify, 'warn'>, folder: string, name: string): void {
  const [other] = namesakes(folder, name);
  if (other !== undefined)
    notify.warn(
      `The experiment in ${other} is called ${name}, too: change "experiment_name" of one of them.`,
    );
}
