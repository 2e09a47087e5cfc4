import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { Parameters } from '../experiment/parameters.js';
import { baseNames } from '../recipe/base-names.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Ingredients } from '../recipe/recipe-of.js';
import { pasteable } from '../shell/word.js';
import { type CodeRule, codeId } from '../source/code.js';
import { treeAt } from '../source/listing.js';
import { NotInCommit, type Pin } from '../source/pin.js';
import { openProject, type Project, pathInProject } from '../source/project.js';
import { sourceId } from '../source/source-id.js';
import { Engine } from '../tools/docker/engine.js';
import { inputsOf } from './inputs.js';
import { NoExperiment, readExperiment } from './read-experiment.js';
import { type ExperimentRecords, storesOf } from './records.js';
import type { Session } from './session.js';

/** An experiment and the project that it belongs to. */
export interface Experiment extends ExperimentRecords {
  /** Path in the project, with `/`; '' for the root. */
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

/** Scripts, lists and records hold one path per line. */
class UnusablePath extends UserError {
  constructor(root: string) {
    super(`There is a line break in the path ${root}. Move the project.`);
  }
}

/** Checks an experiment as far as possible without git and Docker. @throws NoExperiment, InvalidParameters,
 * UnfitInput */
export function verifyExperiment(folder: string): ReturnType<typeof readExperiment> {
  const read = readExperiment(folder);
  if (!existsSync(join(folder, 'Dockerfile'))) throw new NoExperiment(folder, 'Dockerfile');
  inputFolders({ folder, parameters: read.parameters });
  return read;
}

/** The experiment in a folder, with its project.
 *  @throws NoExperiment, InvalidParameters, NoRepository, NoCommits */
export async function openExperiment(session: Session, given: string): Promise<Experiment> {
  const folder = resolve(given);
  const read = readExperiment(folder);
  if (!existsSync(join(folder, 'Dockerfile'))) throw new NoExperiment(folder, 'Dockerfile');
  return experimentWith(session, folder, read);
}

/** The experiment in a folder with a parameters.json that need not be the one there.
 * @param folder absolute. @throws NoRepository, NoCommits */
export async function experimentWith(
  session: Session,
  folder: string,
  { text, parameters }: Pick<ReturnType<typeof readExperiment>, 'text' | 'parameters'>,
): Promise<Experiment> {
  const project = await openProject(folder);
  const path = pathInProject(project, folder);
  if (`${project.root}${folder}`.includes('\n')) throw new UnusablePath(project.root);
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

/** What all runs of the experiment at a pin have in common. @param image if it is known
 *  @throws NotInCommit, NoSuchCode, UserError for a missing input */
export async function ingredientsOf(
  session: Session,
  experiment: Experiment,
  pin: Pin,
  { live, image }: { live: boolean; image?: Recipe['image'] | undefined },
): Promise<Ingredients> {
  const { project, parameters, parametersFile, path } = experiment;
  const [planned, id, code, inputs] = await Promise.all([
    image ?? imageAt(experiment, pin),
    sourceId(project, pin.commit, parametersFile),
    parameters.code && codeId(project, pin.commit, codeRuleOf(experiment)),
    inputsOf(session, inputFolders(experiment)),
  ]);
  const { root, branch, remote } = project;
  return {
    ...{ parameters, path, pin, live, inputs },
    ...{ sourceId: id, codeId: code, image: planned },
    project: { root, branch, remote },
  };
}

/** Which files of a commit count when we decide whether a run of it is still good. */
export const codeRuleOf = ({ parameters, parametersFile, path }: Experiment): CodeRule => ({
  paths: parameters.code,
  always: [
    ...['Dockerfile', 'Dockerfile.dockerignore'].map((name) => inFolder(path, name)),
    inFolder(parameters.dockerBuildContext === 'experiment' ? path : '', '.dockerignore'),
  ],
  parametersFile,
});

/** Increased when a context of the same files is made in another way. 2: .dockerignore counts. */
const contextRules = 2;

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
  if (tree === null) throw new NotInCommit(root, pin.commit, project.root);
  if (text === null) throw new NotInCommit(inFolder(path, 'Dockerfile'), pin.commit, project.root);
  const id = createHash('sha256')
    .update(`${contents}\0${dockerfile}\0${contextRules}`)
    .digest('hex')
    .slice(0, 16);
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

/** An input that jobs cannot read. */
class UnfitInput extends UserError {}

/** The experiment's input folders by name, absolute. @throws UnfitInput for one that does not exist, or cannot be
 * mounted */
export function inputFolders({
  folder,
  parameters,
}: Pick<Experiment, 'folder' | 'parameters'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters.inputs).map(([name, given]) => [name, inputFolder(folder, name, given)]),
  );
}

/** @param given relative to the experiment's folder, or from the user's home (`~/`) */
function inputFolder(folder: string, name: string, given: string): string {
  const path = resolve(folder, given.replace(/^~(?=\/|$)/, homedir()));
  const isThere = existsSync(path);
  if (!isThere && /\$[A-Za-z_{]/.test(given))
    throw new UnfitInput(
      `The input "${name}" is "${given}", which is not expanded by a shell: write the full path.`,
      [`echo "${given}"    # the path that you mean`],
    );
  if (!isThere)
    throw new UnfitInput(`The input "${name}" does not exist: there is no ${path}.`, [
      pasteable`mkdir -p ${path}`,
    ]);
  if (!/[:\n]/.test(path)) return path;
  const link = path.replaceAll(/[:\n]/g, '-');
  throw new UnfitInput(
    `Docker cannot mount the input "${name}": there is a colon or a line break in ${path}. Rename it, and write the new name.`,
    existsSync(link) ? [] : [pasteable`mkdir -p ${dirname(link)} && ln -s ${path} ${link}`],
  );
}

/** git's version, for receipts. */
export async function gitVersion({ project }: Pick<Experiment, 'project'>): Promise<string> {
  return (await project.git.raw('version')).replace('git version', '').trim();
}
