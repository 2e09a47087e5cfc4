import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type Parameters, readParameters } from '../experiment/parameters.js';
import { pasteable } from '../shell/word.js';

export class NoExperiment extends UserError {
  constructor(folder: string, missing: string) {
    super(`${folder} is not an experiment: it has no ${missing}.`, [
      pasteable`logistician create ${folder}`,
      'logistician status FOLDER    # an experiment somewhere else',
    ]);
  }
}

/** Reads parameters.json of the experiment. @throws NoExperiment, InvalidParameters */
export function readExperiment(folder: string): { text: string; parameters: Parameters; path: string } {
  const path = join(folder, 'parameters.json');
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`There is no folder ${folder}.`, [pasteable`logistician create ${folder}`]);
  }
  if (!existsSync(path)) throw new NoExperiment(folder, 'parameters.json');
  const text = readFileSync(path, 'utf8');
  return { text, parameters: readParameters(text, path), path };
}
