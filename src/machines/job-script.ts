import { type Command, renderCommand } from '../shell/command.js';
import { render, Variable, type Word } from '../shell/word.js';
import { buildImage } from '../tools/docker/build-line.js';
import {
  basesLabel,
  type ContainerPlan,
  containerWords,
  type ImagePlan,
  lookAtImage,
} from '../tools/docker/lines.js';
import { type Checkout, checkOut } from '../tools/git/check-out.js';
import type { BaseImage } from './job-state.js';

/** Variables that the runner sets: the job's folders, the run's id, its container's name, its user. */
export const known = {
  job: new Variable('job'),
  /** The folder of data/, source/ and home/: the only folders that are mounted into its container. */
  work: new Variable('work'),
  run: new Variable('run'),
  name: new Variable('name'),
  userId: new Variable('as_user'),
  groupId: new Variable('as_group'),
  userName: new Variable('user_name'),
  /** The value of `basesLabel` for an image that is built now. */
  builtOn: new Variable('built_on'),
} as const;

/** The job's folders, and one on tmpfs with a file per secret, as sources for `--mount`: `mountSource` of each. */
export const folders = {
  source: new Variable('source_mount'),
  data: new Variable('data_mount'),
  home: new Variable('home_mount'),
  secrets: new Variable('secrets_mount'),
} as const;

/** The part of job.sh that all jobs of a deployment share on a machine. */
export interface SweepScript {
  readonly docker: string;
  readonly maxHours: number;
  /** Built if it does not exist, or if one of its `bases` has changed since its build. */
  readonly image: ImagePlan;
  /** Set if the image was just checked: it exists, on these bases. */
  readonly imageIsThere?: { readonly base: readonly BaseImage[] };
  /** Set if the engine's version was just read. */
  readonly engineVersion?: string;
  /** Whether the engine is rootless: then its user is root inside containers. */
  readonly rootless?: boolean;
  /** The checkout that each job gets; null: the job gets a given folder instead. */
  readonly source: Checkout | null;
  /** The repository on the machine with the image's build context. */
  readonly contextRepository: Word;
  readonly container: Omit<ContainerPlan, 'name' | 'userId' | 'groupId' | 'userName'>;
}

/** The job's own part of job.sh. */
export interface JobScript {
  readonly run: string;
  readonly containerName: string;
  /** The folder of data/, source/ and home/, an absolute path; default: the job's folder. */
  readonly work?: string;
  readonly argv: readonly string[];
  /** argv as shell words. */
  readonly options: string;
  /** 1, 2, …: the number of this attempt, each continuing from the state of the previous one. */
  readonly attempt: number;
  /** The value of `--gpus`, for a job without a slot. */
  readonly gpus?: string;
  /** The configuration file, JSON on one line. */
  readonly configuration: string;
}

/** Linux's limit of one argument or variable, in bytes (MAX_ARG_STRLEN, less `OPTIONS=`). */
export const longestOptions = 131_000;

/** Whether a variable can hold the arguments as shell words; a job with more has no OPTIONS. */
export const fitsOptions = (options: string): boolean => Buffer.byteLength(options) <= longestOptions;

const lines = (commands: readonly Command[]) => commands.map(renderCommand).join(' &&\n  ');

/** The words of `docker run` without mode, GPUs and options; argv follows them. */
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
  const labels = { ...sweep.image.labels, [basesLabel]: known.builtOn };
  const words = containerLine(sweep).map(render).join(' ');
  return `# The job for runner.sh. job.json describes the same condition for users and programs.
image=${render(sweep.image.tag)}
bases=${render(sweep.image.bases.join(' '))}
base=${render(sweep.imageIsThere ? JSON.stringify(sweep.imageIsThere.base) : '')}
docker=${render(sweep.docker)}
max_seconds=${Math.ceil(sweep.maxHours * 3600)}
engine_version=${render(sweep.engineVersion ?? '')}
needs_secrets=${sweep.container.secrets ? 'yes' : ''}
rootless=${sweep.rootless ? 'yes' : ''}
fetch() {
  ${fetch.length > 0 ? lines(fetch) : ':'}
}
each_submodule() {
  ${submodules.length > 0 ? submodules.join('\n  ') : ':'}
}
find_image() {
  ${sweep.imageIsThere ? ':' : renderCommand(lookAtImage(sweep.docker, sweep.image.tag, sweep.image.bases))}
}
build() {
  ${renderCommand(buildImage(sweep.docker, sweep.contextRepository, { ...sweep.image, labels }))}
}
container() {
  find_identity
  find_mounts
  $docker run $mode \${never_pull-} \${gpus:+--gpus "$gpus"} \${options+--env "OPTIONS=$options"} --env "LOGISTICIAN_ATTEMPT=\${attempt:-1}" $groups ${words} "$@"
}
`;
}

/** The job's own part of job.sh: one line, so that the command that contains it prints as one. */
export function jobScript(job: JobScript): string {
  const options = fitsOptions(job.options) ? [`options=${render(job.options)}`] : [];
  return `${[
    `run=${render(job.run)}`,
    `name=${render(job.containerName)}`,
    ...(job.work === undefined ? [] : [`work=${render(job.work)}`]),
    ...options,
    ...(job.attempt === 1 ? [] : [`attempt=${job.attempt}`]),
    ...(job.gpus ? [`gpus=${render(job.gpus)}`] : []),
    `json=${render(job.configuration)}`,
    `start() { ${['container', ...job.argv].map(render).join(' ')}; }`,
  ].join('; ')}\n`;
}
