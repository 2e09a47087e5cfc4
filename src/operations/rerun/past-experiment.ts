import { resolve } from 'node:path';
import { type Parameters, readParameters } from '../../experiment/parameters.js';
import { openProject, pathInProject } from '../../source/project.js';
import { targetNames } from '../../targets/registry.js';
import { Engine } from '../../tools/docker/engine.js';
import type { Experiment } from '../experiment.js';
import { storesOf } from '../records.js';
import type { Session } from '../session.js';

/** The experiment in a folder as it was by a parameters.json of then: today's is not read.
 * @param text of that file. @throws InvalidParameters, NoRepository, NoCommits */
export async function pastExperiment(
  session: Session,
  given: string,
  text: string,
  name: string,
): Promise<Experiment> {
  const folder = resolve(given);
  const parameters: Parameters = readParameters(text, name, targetNames);
  const project = await openProject(folder);
  const path = pathInProject(project, folder);
  return {
    folder,
    ...storesOf(session, folder),
    path,
    project,
    parameters,
    conditions: parameters.conditions,
    parametersText: text,
    parametersFile: path === '' ? 'parameters.json' : `${path}/parameters.json`,
    engine: new Engine(session.executor, parameters.dockerCommand, session.env),
  };
}
