import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { isExperimentName, mendExperimentName } from '../../experiment/experiment-name.js';
import {
  renameParameters,
  type ScaffoldAnswers,
  scaffoldDockerfile,
  scaffoldParameters,
} from '../../experiment/scaffold.js';
import { pasteable } from '../../shell/word.js';
import { findRepository } from '../../source/project.js';
import type { Session } from '../session.js';
import { readConfig } from './setup.js';

export class AlreadyThere extends UserError {
  constructor(folder: string) {
    super(`${folder} exists already. Nothing was written.`, [
      pasteable`logistician create ${folder}-2`,
      pasteable`logistician create NEW --base ${folder}    # a new experiment like that one`,
    ]);
  }
}

/** What an experiment at `folder` is asked about, with the answers that are likely.
 *  @throws AlreadyThere, NoRepository */
export async function likelyAnswers(
  session: Session,
  folder: string,
  base: string | null,
): Promise<ScaffoldAnswers> {
  if (existsSync(folder)) throw new AlreadyThere(folder);
  if (base && !existsSync(join(base, 'parameters.json'))) {
    throw new UserError(`${base} is not an experiment to base another on: it has no parameters.json.`, [
      pasteable`ls ${base}`,
    ]);
  }
  const { remote } = await findRepository(nearestFolder(folder));
  return {
    name: mendExperimentName(basename(folder)),
    gitUrl: remote,
    command: '',
    target: readConfig(session.home).target,
  };
}

function nearestFolder(path: string): string {
  const above = dirname(resolve(path));
  return existsSync(above) ? above : nearestFolder(above);
}

export interface CreatedExperiment {
  readonly folder: string;
  readonly files: readonly string[];
}

/** Writes the experiment's two files; with `base`, those of another under a new name.
 *  Leaves nothing behind if that fails. @throws AlreadyThere, UserError for a bad name */
export function create(
  session: Session,
  folder: string,
  answers: ScaffoldAnswers,
  base: string | null,
): CreatedExperiment {
  if (!isExperimentName(answers.name)) {
    throw new UserError(
      `"${answers.name}" cannot name an experiment: its name is part of image, container and cloud names.`,
      [
        pasteable`logistician create ${relative('', folder) || '.'} --name ${mendExperimentName(answers.name)}`,
      ],
    );
  }
  if (existsSync(folder)) throw new AlreadyThere(folder);
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
  mkdirSync(folder, { recursive: true });
  try {
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { folder, files: Object.keys(texts) };
}
