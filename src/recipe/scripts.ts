import { createHash } from 'node:crypto';
import { joinWords } from '../experiment/words.js';
import {
  containerLine,
  fitsOptions,
  type JobScript,
  known,
  type SweepScript,
} from '../machines/job-script.js';
import type { User } from '../machines/user.js';
import { bindCommand, command, renderCommand } from '../shell/command.js';
import type { Word } from '../shell/word.js';
import { buildImage, type ImagePlan, inside, programWordsOf } from '../tools/docker/lines.js';
import type { Checkout } from '../tools/git/lines.js';
import type { JobPaths } from '../tools/job-paths.js';
import type { Recipe } from './recipe.js';

/** Where a run finds its things on the machine that runs it. */
export interface Layout {
  /** The docker command there. */
  readonly docker: string;
  /** The checkout that the job gets, from repositories there; null: it has the live tree. */
  readonly checkout: Checkout | null;
  /** A repository there that holds the image's build context. */
  readonly repository: string;
  /** The inputs there, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The deployment that it is part of; null: `run`. */
  readonly deployment: string | null;
  /** A folder that the job sees at /data, for reading only, in the place of its own. */
  readonly dataReadOnly?: string | null;
  /** The image was found or built a moment ago: nothing has to look again. */
  readonly imageExists?: boolean;
  /** The engine's version there, where it was asked for a moment ago. */
  readonly engineVersion?: string;
}

/** A run's folders on its machine, absolute. */
export interface RunFolders {
  readonly run: string;
  /** The runner's own, which no container sees. */
  readonly folder: string;
  /** The one that holds its data, where that is another. */
  readonly work?: string;
}

/** The image of a recipe, as the docker command lines take it. */
export const imageOf = ({ image }: Pick<Recipe, 'image'>): ImagePlan => ({
  tag: image.tag,
  tree: image.context_tree,
  dockerfile: image.dockerfile,
  leftOut: image.left_out ?? '',
  labels: image.labels,
});

/** The part of job.sh that runs with the same recipe but for their arguments share. */
export function sweepOf(recipe: Recipe, layout: Layout): SweepScript {
  const image = imageOf(recipe);
  return {
    docker: layout.docker,
    maxHours: recipe.max_hours,
    image: { ...image, bases: recipe.image.bases },
    source: layout.checkout,
    contextRepository: layout.repository,
    ...(layout.imageExists && { imageIsThere: true }),
    ...(layout.engineVersion && { engineVersion: layout.engineVersion }),
    container: {
      image: image.tag,
      labels: {
        'logistician.experiment': recipe.experiment.name,
        'logistician.run': known.run,
        ...(layout.deployment && { 'logistician.deployment': layout.deployment }),
      },
      project: layout.checkout ? [known.work, '/source'] : recipe.source.root,
      data: layout.dataReadOnly ?? [known.work, '/data'],
      dataReadOnly: Boolean(layout.dataReadOnly),
      home: [known.work, '/home'],
      inputs: layout.inputs,
      secrets: recipe.secrets.length > 0 ? known.secrets : null,
      environment: recipe.environment,
      extraArgs: recipe.docker_run_args,
      experimentCommand: recipe.command,
    },
  };
}

/** The job's own part of job.sh. Its container's name is the same each time for one job folder.
 *  @param gpus the value of `--gpus`, for a job that no slot gives its GPUs */
export function jobOf(recipe: Recipe, { run, folder, work }: RunFolders, gpus = ''): JobScript {
  return {
    run,
    containerName: containerName(run, folder),
    argv: argvOf(recipe),
    options: joinWords(recipe.condition.argv),
    ...(work !== undefined && work !== folder && { work }),
    ...(gpus && { gpus }),
    configuration: configuration(recipe, run),
  };
}

/** Without experiment_command the image's own command has `OPTIONS` alone. */
const argvOf = ({ command, condition }: Recipe): readonly string[] =>
  command === null ? [] : condition.argv;

export const containerName = (run: string, folder: string): string =>
  `logistician-${run}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`;

/** The configuration file that a job may read, on one line; numbers of its parameters as they were written.
 *  @param paths as the job sees them */
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

/** `docker run …` as the runner issues it on the machine, less mode and GPUs. */
export function containerText(recipe: Recipe, layout: Layout, at: RunFolders, user: User): string {
  const name = containerName(at.run, at.folder);
  const values = {
    job: at.folder,
    work: at.work ?? at.folder,
    run: at.run,
    name,
    user_id: String(user.id),
    group_id: String(user.group),
    user_name: user.name,
    secrets: `/dev/shm/logistician-${user.id}/${name}`,
  };
  const options = joinWords(recipe.condition.argv);
  const words: Word[] = [
    ...(fitsOptions(options) ? ['--env', `OPTIONS=${options}`] : []),
    ...containerLine(sweepOf(recipe, layout)),
    ...argvOf(recipe),
  ];
  return renderCommand(bindCommand(command(...programWordsOf(layout.docker), 'run', ...words), values));
}

/** The line that makes the image, from the project's own repository. */
export const buildText = (recipe: Recipe, docker: string): string =>
  renderCommand(buildImage(docker, recipe.source.root, imageOf(recipe)));
