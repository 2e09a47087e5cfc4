import type { Condition } from '../experiment/condition.js';
import type { Parameters } from '../experiment/parameters.js';
import type { Pin } from '../source/pin.js';
import type { Project } from '../source/project.js';
import type { Recipe } from './recipe.js';

/** The part of a recipe that all runs of one experiment at one pin share. */
export interface Ingredients {
  readonly parameters: Parameters;
  /** The experiment's folder in its project. */
  readonly path: string;
  readonly project: Pick<Project, 'root' | 'branch' | 'remote'>;
  readonly pin: Pin;
  /** A hash of the commit's source without parameters.json. */
  readonly sourceId: string;
  /** A hash of the files that count by `code` of parameters.json; null: all count. */
  readonly codeId: string | null;
  /** Whether the run sees the working tree rather than a checkout. */
  readonly live: boolean;
  readonly image: Recipe['image'];
  readonly inputs: Recipe['inputs'];
}

/** The recipe of a condition. */
export const recipeOf = (
  { parameters, path, project, pin, sourceId, codeId, live, image, inputs }: Ingredients,
  { id, argv, parameters: settings }: Condition,
): Recipe => ({
  experiment: { name: parameters.experimentName, path },
  condition: { id, argv, parameters: settings },
  source: {
    root: project.root,
    commit: pin.commit,
    tree: pin.tree,
    id: sourceId,
    code: parameters.code && codeId !== null ? { paths: parameters.code, id: codeId } : null,
    branch: project.branch,
    remote: project.remote,
    pushed: pin.pushed,
    snapshot: pin.snapshot,
    live,
    left_out: pin.leftOut,
  },
  image,
  command: parameters.experimentCommand,
  environment: parameters.environment,
  secrets: parameters.secrets,
  inputs,
  docker_run_args: parameters.dockerRunArgs,
  max_hours: parameters.maxHours,
  gpus: parameters.gpus,
});
