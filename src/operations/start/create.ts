import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { commandProblem } from '../../experiment/command-check.js';
import { isExperimentName, mendExperimentName } from '../../experiment/experiment-name.js';
import {
  renameParameters,
  type ScaffoldAnswers,
  scaffoldDockerfile,
  scaffoldParameters,
} from '../../experiment/scaffold.js';
import { pasteable } from '../../shell/word.js';
import { findRepository, NoRepository } from '../../source/project.js';
import { experimentsIn, freeFolder, freeName, namesakes, projectRoot } from '../experiments-in.js';
import { createLine } from '../read-experiment.js';
import type { Session } from '../session.js';
import { readUserSettings } from '../user-settings.js';

/** The path is an experiment already, or not a folder. */
export class AlreadyThere extends UserError {
  constructor(folder: string) {
    const free = freeFolder(projectRoot(folder) ?? dirname(folder));
    super(`${folder} exists already. Nothing was written.`, [
      ...(existsSync(join(folder, 'parameters.json'))
        ? [`${pasteable`logistician create ${free} --base ${folder}`}    # a new experiment like that one`]
        : []),
      createLine(free),
    ]);
  }
}

/** Another experiment of the project has the name: their images would have the same names. */
export class NameTaken extends UserError {
  constructor(folder: string, name: string, other: string) {
    super(`The experiment in ${other} is called ${name} already. Nothing was written.`, [
      pasteable`logistician create ${folder} --name ${freeName(folder, name)} --command ${'python3 train.py'}`,
    ]);
  }
}

class NoBase extends UserError {
  constructor(base: string, folder: string) {
    const [like] = experimentsIn(projectRoot(folder) ?? dirname(folder));
    super(`${base} is not an experiment, so --base cannot copy it: it has no parameters.json.`, [
      like ? pasteable`logistician create ${folder} --base ${like.folder}` : createLine(folder),
    ]);
  }
}

class BadName extends UserError {
  constructor(folder: string, { name, command }: ScaffoldAnswers) {
    super(`"${name}" cannot name an experiment: its name is part of image, container and cloud names.`, [
      pasteable`logistician create ${folder} --name ${freeName(folder, mendExperimentName(name))} --command ${command}`,
    ]);
  }
}

/** Whether an experiment can be created there: existing files are kept. */
const isFree = (folder: string): boolean => {
  const found = statSync(folder, { throwIfNoEntry: false });
  return !found || (found.isDirectory() && !existsSync(join(folder, 'parameters.json')));
};

/** The default answers for a new experiment at `folder`. @throws AlreadyThere, NoBase, NoRepository */
export async function likelyAnswers(
  session: Session,
  folder: string,
  base: string | null,
): Promise<ScaffoldAnswers> {
  if (!isFree(folder)) throw new AlreadyThere(folder);
  if (base && !existsSync(join(base, 'parameters.json'))) throw new NoBase(base, folder);
  const { remote } = await findRepository(nearestFolder(folder));
  return {
    name: freeName(folder, mendExperimentName(basename(folder))),
    gitUrl: remote,
    command: '',
    target: readUserSettings(session.home).settings.target,
  };
}

/** A folder for a new experiment of the project that a folder is in. @throws NoRepository, before anything is asked */
export function likelyFolder(from: string): string {
  const root = projectRoot(from);
  if (root === null) throw new NoRepository(from);
  return freeFolder(root);
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(resolve(path)));
}

export interface CreatedExperiment {
  readonly folder: string;
  readonly files: readonly string[];
}

/** @throws UserError for a command that would not pass on its arguments */
function refuseUnfit({ command }: ScaffoldAnswers): void {
  const misplaced = commandProblem(command);
  if (misplaced) throw new UserError(`The command ${misplaced}`, [], { exit: 2 });
}

/** Writes the experiment's two files; with `base`, copies of another's under a new name. Leaves nothing behind if that
 * fails. @throws AlreadyThere, NameTaken, UserError for a bad name or command */
export function create(
  session: Session,
  folder: string,
  answers: ScaffoldAnswers,
  base: string | null,
): CreatedExperiment {
  const shown = relative('', folder) || '.';
  if (!isExperimentName(answers.name)) throw new BadName(shown, answers);
  const [other] = namesakes(folder, answers.name);
  if (other !== undefined) throw new NameTaken(shown, answers.name, other);
  if (!isFree(folder)) throw new AlreadyThere(folder);
  if (!base) refuseUnfit(answers);
  const template = (name: string) =>
    readFileSync(join(session.packageRoot, 'templates', 'experiment', name), 'utf8');
  const texts = base
    ? {
        Dockerfile: readFileSync(join(base, 'Dockerfile'), 'utf8'),
        'parameters.json': renameParameters(
          readFileSync(join(base, 'parameters.json'), 'utf8'),
          answers.name,
        ),
      }
    : {
        Dockerfile: scaffoldDockerfile(template('Dockerfile'), answers),
        'parameters.json': scaffoldParameters(template('parameters.json'), answers),
      };
  // The user may have written a Dockerfile already.
  const missing = Object.entries(texts).filter(([name]) => !existsSync(join(folder, name)));
  const made = mkdirSync(folder, { recursive: true });
  try {
    for (const [name, text] of missing) writeFileSync(join(folder, name), text);
  } catch (error) {
    for (const [name] of missing) rmSync(join(folder, name), { force: true });
    if (made !== undefined) rmSync(made, { recursive: true, force: true });
    throw error;
  }
  return { folder, files: missing.map(([name]) => name) };
}
