import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { Parameters } from '../experiment/parameters.js';
import { baseNames } from '../recipe/base-names.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Ingredients } from '../recipe/recipe-of.js';
import { pasteable } from '../shell/word.js';
import { folderId } from '../source/folder-id.js';
import { sourceId, treeAt } from '../source/listing.js';
import { NotInCommit, type Pin } from '../source/pin.js';
import { openProject, type Project, pathInProject } from '../source/project.js';
import { Engine } from '../tools/docker/engine.js';
import { NoExperiment, readExperiment } from './read-experiment.js';
import { type ExperimentRecords, storesOf } from './records.js';
import type { Session } from './session.js';

/** An experiment and the project that it belongs to. */
export interface Experiment extends ExperimentRecords {
  /** In the project, with `/`; '' for the root. */
  readonly path: string;
  readonly project: Project;
  readonly parameters: Parameters;
  /** parameters.json, byte for byte. */
  readonly parametersText: string;
  /** parameters.json in the project. */
  readonly parametersFile: string;
  /** Docker on this computer. */
  readonly engine: Engine;
}

/** Docker tells the parts of a volume apart by colons. */
class UnmountablePath extends UserError {
  constructor(root: string) {
    super(`Docker cannot mount ${root}: there is a colon or a line break in the path. Move the project.`);
  }
}

/** The experiment in a folder, with its project.
 *  @throws NoExperiment, InvalidParameters, NoRepository, NoCommits */
export async function openExperiment(session: Session, given: string): Promise<Experiment> {
  const folder = resolve(given);
  const { text, parameters } = readExperiment(folder);
  if (!existsSync(join(folder, 'Dockerfile'))) throw new NoExperiment(folder, 'Dockerfile');
  const project = await openProject(folder);
  const path = pathInProject(project, folder);
  if (/[:\n]/.test(`${project.root}${folder}`)) throw new UnmountablePath(project.root);
  return {
    folder,
    ...storesOf(session, folder),
    path,
    project,
    parameters,
    conditions: parameters.conditions,
    parametersText: text,
    parametersFile: inFolder(path, 'parameters.json'),
    engine: new Engine(session.executor, parameters.dockerCommand, session.env),
  };
}

const inFolder = (path: string, name: string) => (path === '' ? name : `${path}/${name}`);

/** What all runs of the experiment at a pin have in common. @throws NotInCommit, UserError for a missing input */
export async function ingredientsOf(
  experiment: Experiment,
  pin: Pin,
  { live, image = imageAt(experiment, pin) }: { live: boolean; image?: Promise<Recipe['image']> },
): Promise<Ingredients> {
  const { project, parameters, parametersFile, path } = experiment;
  const [planned, id] = await Promise.all([image, sourceId(project, pin.commit, parametersFile)]);
  const inputs = Object.entries(inputFolders(experiment)).map(([name, folder]) => [
    name,
    { path: folder, id: folderId(folder) },
  ]);
  const { root, branch, remote } = project;
  return {
    ...{ parameters, path, pin, live, sourceId: id, image: planned },
    project: { root, branch, remote },
    inputs: Object.fromEntries(inputs),
  };
}

/** The image of the experiment at a commit: named after the git tree that is its build context.
 *  @throws NotInCommit if the experiment or its Dockerfile is not in the commit */
export async function imageAt(
  { project, path, parameters, parametersFile }: Experiment,
  pin: Pick<Pin, 'commit' | 'tree'>,
): Promise<Recipe['image']> {
  const context = parameters.dockerBuildContext;
  const own = context === 'experiment';
  const dockerfile = own ? 'Dockerfile' : inFolder(path, 'Dockerfile');
  const configuration = own ? 'parameters.json' : parametersFile;
  const root = own ? path : '';
  const [tree, contents, text] = await Promise.all([
    root === '' ? pin.tree : treeAt(project, pin.commit, root),
    sourceId(project, pin.commit, configuration, root),
    project.git.raw('cat-file', 'blob', `${pin.commit}:${inFolder(path, 'Dockerfile')}`).catch(() => null),
  ]);
  if (tree === null) throw new NotInCommit(root, pin.commit);
  if (text === null) throw new NotInCommit(inFolder(path, 'Dockerfile'), pin.commit);
  const id = createHash('sha256').update(`${contents}\0${dockerfile}`).digest('hex').slice(0, 16);
  return {
    tag: `logistician/${parameters.experimentName}:${id}`,
    context,
    context_tree: tree,
    dockerfile,
    left_out: configuration,
    labels: { 'logistician.experiment': parameters.experimentName, 'logistician.context': contents },
    bases: baseNames(text),
  };
}

/** The experiment's input folders by name, absolute. @throws UserError for one that does not exist */
export function inputFolders({
  folder,
  parameters,
}: Pick<Experiment, 'folder' | 'parameters'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters.inputs).map(([name, given]) => {
      const path = resolve(folder, given);
      if (!existsSync(path)) {
        throw new UserError(`The input "${name}" does not exist: there is no ${path}.`, [
          pasteable`mkdir -p ${path}`,
        ]);
      }
      return [name, path];
    }),
  );
}

/** git's version, for receipts. */
export async function gitVersion({ project }: Pick<Experiment, 'project'>): Promise<string> {
  return (await project.git.raw('version')).replace('git version', '').trim();
}
