import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { Parameters } from '../experiment/parameters.js';
import { DeploymentStore } from '../runs/deployment.js';
import { RunStore } from '../runs/run-store.js';
import { pasteable } from '../shell/word.js';
import { sourceId, treeAt } from '../source/listing.js';
import { NotInCommit, type Pin } from '../source/pin.js';
import { openProject, type Project, pathInProject } from '../source/project.js';
import type { ImagePlan } from '../tools/docker/command-line.js';
import { Engine } from '../tools/docker/engine.js';
import { NoExperiment, readExperiment } from './read-experiment.js';
import type { Session } from './session.js';

/** An experiment and the project that it belongs to. */
export interface Experiment {
  /** Absolute. */
  readonly folder: string;
  /** In the project, with `/`; '' for the root. */
  readonly path: string;
  readonly project: Project;
  readonly parameters: Parameters;
  /** parameters.json, byte for byte. */
  readonly parametersText: string;
  /** parameters.json in the project. */
  readonly parametersFile: string;
  readonly runs: RunStore;
  readonly deployments: DeploymentStore;
  readonly engine: Engine;
}

/** What its image is built from. */
export interface ExperimentImage extends ImagePlan {
  readonly dockerfileText: string;
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
    path,
    project,
    parameters,
    parametersText: text,
    parametersFile: inFolder(path, 'parameters.json'),
    runs: new RunStore(folder, session.executor.dryRun),
    deployments: new DeploymentStore(folder, session.executor.dryRun),
    engine: new Engine(session.executor, parameters.dockerCommand, session.env),
  };
}

const inFolder = (path: string, name: string) => (path === '' ? name : `${path}/${name}`);

/** The image of the experiment at a commit: named after the git tree that is its build context.
 *  @throws NotInCommit if the experiment or its Dockerfile is not in the commit */
export async function planImage(
  { project, path, parameters, parametersFile }: Experiment,
  pin: Pin,
): Promise<ExperimentImage> {
  const own = parameters.dockerBuildContext === 'experiment';
  const dockerfile = own ? 'Dockerfile' : inFolder(path, 'Dockerfile');
  const configuration = own ? 'parameters.json' : parametersFile;
  const root = own ? path : '';
  const [tree, contents, dockerfileText] = await Promise.all([
    root === '' ? pin.tree : treeAt(project, pin.commit, root),
    sourceId(project, pin.commit, configuration, root),
    project.git.raw('cat-file', 'blob', `${pin.commit}:${inFolder(path, 'Dockerfile')}`).catch(() => null),
  ]);
  if (tree === null) throw new NotInCommit(root, pin.commit);
  if (dockerfileText === null) throw new NotInCommit(inFolder(path, 'Dockerfile'), pin.commit);
  const context = createHash('sha256').update(`${contents}\0${dockerfile}`).digest('hex').slice(0, 16);
  return {
    tag: `logistician/${parameters.experimentName}:${context}`,
    tree,
    dockerfile,
    dockerfileText,
    leftOut: configuration,
    labels: { 'logistician.experiment': parameters.experimentName, 'logistician.context': contents },
  };
}

/** The experiment's input folders by name, absolute. @throws UserError for one that is not there */
export function inputFolders({ folder, parameters }: Experiment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters.inputs).map(([name, given]) => {
      const path = resolve(folder, given);
      if (!existsSync(path)) {
        throw new UserError(`The input "${name}" is not there: ${path} does not exist.`, [
          pasteable`mkdir -p ${path}`,
        ]);
      }
      return [name, path];
    }),
  );
}

/** Of this version. */
export const machineTemplate = (session: Session, name: string): string =>
  join(session.packageRoot, 'templates', 'machine', name);

export const runnerTemplate = (session: Session): string => machineTemplate(session, 'runner.sh');
