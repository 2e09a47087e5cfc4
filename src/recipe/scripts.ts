import { createHash } from 'node:crypto';
import { joinWords } from '../experiment/words.js';
import {
  containerLine,
  fitsOptions,
  folders,
  type JobScript,
  known,
  type SweepScript,
} from '../machines/job-script.js';
import type { BaseImage } from '../machines/job-state.js';
import { inContainer, type User } from '../machines/user.js';
import { bindCommand, type Command, command, renderCommand } from '../shell/command.js';
import type { Word } from '../shell/word.js';
import { buildImage } from '../tools/docker/build-line.js';
import {
  type GitMount,
  groupWords,
  type ImagePlan,
  inside,
  mountSource,
  programWordsOf,
} from '../tools/docker/lines.js';
import type { Checkout } from '../tools/git/check-out.js';
import type { JobPaths } from '../tools/job-paths.js';
import type { Recipe } from './recipe.js';

/** The paths and settings of a run on its machine. */
export interface Layout {
  /** The docker command on it. */
  readonly docker: string;
  /** The checkout that the job gets, from repositories on it; null: the working tree. */
  readonly checkout: Checkout | null;
  /** Git directories of the working tree that are outside of it. */
  readonly git?: readonly GitMount[];
  /** The repository on it with the image's build context. */
  readonly repository: string;
  /** The paths of inputs on it, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The deployment; null: `run`. */
  readonly deployment: string | null;
  /** A folder that is mounted read-only at /data instead of the run's own. */
  readonly dataReadOnly?: string | null;
  /** Set if the image was just found or built, on these bases. */
  readonly imageExists?: { readonly base: readonly BaseImage[] };
  /** The image is built elsewhere and uploaded, so images on the machine with the names of its bases do not matter. */
  readonly imageIsBrought?: boolean;
  /** Set if the engine's version was just read. */
  readonly engineVersion?: string;
  /** Whether its engine is rootless. */
  readonly rootless?: boolean;
}

/** A run's folders on its machine, absolute. */
export interface RunFolders {
  readonly run: string;
  /** For the runner only, not mounted into containers. */
  readonly folder: string;
  /** The folder with its data, if it is another one. */
  readonly work?: string;
}

/** The image of a recipe, for docker command lines. */
export const imageOf = ({
  image,
  source,
  experiment,
}: {
  readonly image: Recipe['image'];
  readonly source: Pick<Recipe['source'], 'commit'>;
  readonly experiment: Pick<Recipe['experiment'], 'path'>;
}): ImagePlan => ({
  tag: image.tag,
  tree: image.context_tree,
  within: { commit: source.commit, folder: image.context === 'experiment' ? experiment.path : '' },
  dockerfile: image.dockerfile,
  leftOut: image.left_out ?? '',
  labels: image.labels,
  bases: image.bases,
});

/** The part of job.sh that runs share whose recipes differ only in arguments. */
export function sweepOf(recipe: Recipe, layout: Layout): SweepScript {
  const image = imageOf(recipe);
  return {
    docker: layout.docker,
    maxHours: recipe.max_hours,
    image: layout.imageIsBrought ? { ...image, bases: [] } : image,
    source: layout.checkout,
    contextRepository: layout.repository,
    ...(layout.imageExists && { imageIsThere: layout.imageExists }),
    ...(layout.engineVersion && { engineVersion: layout.engineVersion }),
    ...(layout.rootless && { rootless: true }),
    container: {
      image: image.tag,
      labels: {
        'logistician.experiment': recipe.experiment.name,
        'logistician.run': known.run,
        ...(layout.deployment && { 'logistician.deployment': layout.deployment }),
      },
      project: layout.checkout ? folders.source : recipe.source.root,
      ...(layout.git && { git: layout.git }),
      data: layout.dataReadOnly ?? folders.data,
      dataReadOnly: Boolean(layout.dataReadOnly),
      home: folders.home,
      inputs: layout.inputs,
      secrets: recipe.secrets.length > 0 ? folders.secrets : null,
      environment: recipe.environment,
      extraArgs: recipe.docker_run_args,
      experimentCommand: recipe.command,
    },
  };
}

/** The job's own part of job.sh. The container's name depends only on the job folder.
 * @param gpus the value of `--gpus`, for a job without a slot */
export function jobOf(recipe: Recipe, { run, folder, work }: RunFolders, gpus = ''): JobScript {
  return {
    run,
    containerName: containerName(run, folder),
    argv: argvOf(recipe),
    options: joinWords(recipe.condition.argv),
    attempt: recipe.continues?.attempt ?? 1,
    ...(work !== undefined && work !== folder && { work }),
    ...(gpus && { gpus }),
    configuration: configuration(recipe, run),
  };
}

/** Without experiment_command the image's own command gets the arguments only in `OPTIONS`. */
const argvOf = ({ command, condition }: Recipe): readonly string[] =>
  command === null ? [] : condition.argv;

export const containerName = (run: string, folder: string): string =>
  `logistician-${run}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`;

/** The configuration file for a job, on one line; numbers of its parameters as written.
 * @param paths as the job sees them */
export function configuration(
  { experiment, condition }: Recipe,
  run: string,
  paths: JobPaths = inside,
): string {
  const fixed = JSON.stringify({
    run,
    experiment: experiment.name,
    condition: condition.id,
    argv: condition.argv,
    input_directory: paths.input,
    output_directory: paths.output,
    measures_directory: paths.measures,
    summary_measures_path: paths.summary,
    state_directory: paths.state,
  });
  return `${fixed.slice(0, -1)},"parameters":${condition.parameters}}`;
}

/** `docker run …` as the runner issues it on the machine, without mode and GPUs. */
export const containerText = (recipe: Recipe, layout: Layout, at: RunFolders, user: User): string =>
  renderCommand(containerCommand(recipe, layout, at, user));

/** The same as a command. @param mode words that come first, such as `--rm` */
export function containerCommand(
  recipe: Recipe,
  layout: Layout,
  at: RunFolders,
  user: User,
  mode: readonly Word[] = [],
): Command {
  const name = containerName(at.run, at.folder);
  const work = at.work ?? at.folder;
  const { id, group, groups } = inContainer(user, layout.rootless ?? false);
  const values = {
    job: at.folder,
    work,
    run: at.run,
    name,
    as_user: String(id),
    as_group: String(group),
    user_name: user.name,
    source_mount: mountSource(`${work}/source`),
    data_mount: mountSource(`${work}/data`),
    home_mount: mountSource(`${work}/home`),
    secrets_mount: mountSource(`/dev/shm/logistician-${user.id}/${name}`),
  };
  const options = joinWords(recipe.condition.argv);
  const words: Word[] = [
    ...(fitsOptions(options) ? ['--env', `OPTIONS=${options}`] : []),
    ...['--env', `LOGISTICIAN_ATTEMPT=${recipe.continues?.attempt ?? 1}`],
    ...groupWords(groups),
    ...containerLine(sweepOf(recipe, layout)),
    ...argvOf(recipe),
  ];
  return bindCommand(command(...programWordsOf(layout.docker), 'run', ...mode, ...words), values);
}

/** The line that builds the image from the project's own repository. */
export const buildText = (recipe: Recipe, docker: string): string =>
  renderCommand(buildImage(docker, recipe.source.root, imageOf(recipe)));
