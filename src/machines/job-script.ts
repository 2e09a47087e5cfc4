import { type Command, renderCommand } from '../shell/command.js';
import { render, Variable, type Word } from '../shell/word.js';
import {
  buildImage,
  type ContainerPlan,
  containerWords,
  findImage,
  type ImagePlan,
} from '../tools/docker/lines.js';
import { type Checkout, checkOut } from '../tools/git/lines.js';

/** What the runner knows once it runs: the job's folders, the run's id, its container's name, its user. */
export const known = {
  job: new Variable('job'),
  /** The folder of data/, source/ and home/: all of the job's that its container sees. */
  work: new Variable('work'),
  run: new Variable('run'),
  name: new Variable('name'),
  userId: new Variable('user_id'),
  groupId: new Variable('group_id'),
  userName: new Variable('user_name'),
  /** A folder on tmpfs with a file a secret. */
  secrets: new Variable('secrets'),
} as const;

/** What all jobs of a deployment share on a machine. */
export interface SweepScript {
  readonly docker: string;
  readonly maxHours: number;
  /** `bases`: the images that it is built on, whose ids and digests the runner writes down. */
  readonly image: ImagePlan & { readonly bases?: readonly string[] };
  /** The image was seen to be there a moment ago: nobody need look again. */
  readonly imageIsThere?: boolean;
  /** The engine's version, where it was asked for a moment ago. */
  readonly engineVersion?: string;
  /** The checkout that each job gets; null: the job has a folder given to it instead. */
  readonly source: Checkout | null;
  /** A repository on the machine that holds the image's build context. */
  readonly contextRepository: Word;
  readonly container: Omit<ContainerPlan, 'name' | 'userId' | 'groupId' | 'userName'>;
}

/** What is a job's own. */
export interface JobScript {
  readonly run: string;
  readonly containerName: string;
  /** An absolute path: the folder of data/, source/ and home/, where it is not the job's folder. */
  readonly work?: string;
  readonly argv: readonly string[];
  /** argv as shell words. */
  readonly options: string;
  /** The value of `--gpus`, for a job that no slot gives its GPUs. */
  readonly gpus?: string;
  /** The configuration file, JSON on one line. */
  readonly configuration: string;
}

/** Linux takes no longer string than this, in bytes, as one word or variable (MAX_ARG_STRLEN, less `OPTIONS=`). */
export const longestOptions = 131_000;

/** Whether a variable can hold the arguments as shell words; a job with more has no OPTIONS. */
export const fitsOptions = (options: string): boolean => Buffer.byteLength(options) <= longestOptions;

const lines = (commands: readonly Command[]) => commands.map(renderCommand).join(' &&\n  ');

/** The words of `docker run` but for mode, GPUs and options; argv follows them. */
export function containerLine(sweep: SweepScript): Word[] {
  return containerWords({
    ...sweep.container,
    name: known.name,
    userId: known.userId,
    groupId: known.groupId,
    userName: known.userName,
  });
}

/** The deployment's part of job.sh: POSIX shell, each line of it a printed command. */
export function sweepScript(sweep: SweepScript): string {
  const fetch = sweep.source ? checkOut(sweep.source, [known.work, '/source']) : [];
  const submodules = sweep.source?.submodules.map(({ path }) => `"$1" ${render(path)}`) ?? [];
  const words = containerLine(sweep).map(render).join(' ');
  return `# What runner.sh runs. job.json says the same of the condition for people and programs.
image=${render(sweep.image.tag)}
bases=${render((sweep.image.bases ?? []).join(' '))}
docker=${render(sweep.docker)}
max_seconds=${Math.ceil(sweep.maxHours * 3600)}
engine_version=${render(sweep.engineVersion ?? '')}
needs_secrets=${sweep.container.secrets ? 'yes' : ''}
fetch() {
  ${fetch.length > 0 ? lines(fetch) : ':'}
}
each_submodule() {
  ${submodules.length > 0 ? submodules.join('\n  ') : ':'}
}
find_image() {
  ${sweep.imageIsThere ? ':' : renderCommand(findImage(sweep.docker, sweep.image.tag))}
}
build() {
  ${renderCommand(buildImage(sweep.docker, sweep.contextRepository, sweep.image))}
}
container() {
  user_id=$(id -u) group_id=$(id -g) user_name=$(id -un 2>/dev/null || id -u)
  $docker run $mode \${never_pull-} \${gpus:+--gpus "$gpus"} \${options+--env "OPTIONS=$options"} ${words} "$@"
}
`;
}

/** The job's own part of job.sh: one line, so that the command that carries it prints as one. */
export function jobScript(job: JobScript): string {
  const options = fitsOptions(job.options) ? [`options=${render(job.options)}`] : [];
  return `${[
    `run=${render(job.run)}`,
    `name=${render(job.containerName)}`,
    ...(job.work === undefined ? [] : [`work=${render(job.work)}`]),
    ...options,
    ...(job.gpus ? [`gpus=${render(job.gpus)}`] : []),
    `json=${render(job.configuration)}`,
    `start() { ${['container', ...job.argv].map(render).join(' ')}; }`,
  ].join('; ')}\n`;
}
