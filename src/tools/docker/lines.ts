import { type Command, command, pipe } from '../../shell/command.js';
import type { Word } from '../../shell/word.js';
import { git } from '../git/git.js';
import { pathsIn, variablesOf } from '../job-paths.js';

/** Where things stand inside the container: the same on every machine. */
export const inside = {
  project: '/project',
  data: '/data',
  home: '/home/logistician',
  ...pathsIn('/data'),
  secrets: '/run/logistician/secrets',
} as const;

/** An image to be made from a git tree: its tag tells whether it is there already. */
export interface ImagePlan {
  readonly tag: string;
  /** Id of the git tree that is the build context. */
  readonly tree: string;
  /** Path of the Dockerfile in that tree. */
  readonly dockerfile: string;
  /** A file of that tree that is configuration and no part of the context. */
  readonly leftOut: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** `git archive TREE | docker build -`: the context is a git tree, never a live folder. */
export function buildImage(
  docker: string,
  repository: Word,
  image: ImagePlan,
  fresh = false,
  /** For git, `KEY=VALUE` each. */
  settings: readonly string[] = [],
): Command {
  const labels = Object.entries(image.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const options = ['--force-rm', '--tag', image.tag, '--file', image.dockerfile, ...labels];
  return pipe(
    git(
      repository,
      ['archive', '--format=tar', image.tree, '--', '.', `:(exclude,literal)${image.leftOut}`],
      { settings },
    ),
    command(...programWordsOf(docker), 'build', ...options, ...(fresh ? ['--no-cache', '--pull'] : []), '-'),
  );
}

/** Prints the image's id; fails if there is no such image. */
export const findImage = (docker: string, tag: string): Command =>
  command(...programWordsOf(docker), 'image', 'inspect', '--format', '{{.Id}}', tag);

/** `local_docker_command` may be several words, such as `sudo docker`. */
export const programWordsOf = (docker: string): string[] => docker.trim().split(/\s+/);

/** What a container of one experiment is made from; words may hold the runner's variables. */
export interface ContainerPlan {
  readonly name: Word;
  readonly image: string;
  readonly labels: Readonly<Record<string, Word>>;
  /** The checkout or the live tree; null: the image's own /project, if it has one. */
  readonly project: Word | null;
  readonly data: Word | null;
  /** The folder at `data` is for reading only, and is not laid out by us. */
  readonly dataReadOnly?: boolean;
  readonly home: Word | null;
  /** Read-only folders that appear at /data/input/NAME. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly secrets: Word | null;
  readonly userId: Word;
  readonly groupId: Word;
  readonly userName: Word;
  readonly environment: Readonly<Record<string, string>>;
  readonly extraArgs: readonly string[];
  /** Shell text to which the condition's argv is appended; null: the image's ENTRYPOINT and CMD. */
  readonly experimentCommand: string | null;
}

/** The words after `docker run`, up to where a condition's argv is appended. */
export function containerWords(plan: ContainerPlan): Word[] {
  const volume = (from: Word, to: string, mode = ''): Word[] => ['--volume', [from, `:${to}${mode}`]];
  const env = (name: string, value: Word): Word[] => ['--env', [`${name}=`, value]];
  const writable = plan.data !== null && !plan.dataReadOnly;
  return [
    '--name',
    plan.name,
    // Docker's own init, told to pass signals to the whole group: that is how a job hears SIGTERM.
    '--init',
    ...env('TINI_KILL_PROCESS_GROUP', '1'),
    ...Object.entries(plan.labels).flatMap(([name, value]): Word[] => ['--label', [`${name}=`, value]]),
    '--log-driver',
    'json-file',
    '--user',
    [plan.userId, ':', plan.groupId],
    ...env('USER', plan.userName),
    ...env('LOGNAME', plan.userName),
    ...(plan.home ? [...env('HOME', inside.home), ...volume(plan.home, inside.home)] : env('HOME', '/tmp')),
    ...(plan.project ? [...volume(plan.project, inside.project), '--workdir', inside.project] : []),
    ...(plan.project ? safeDirectory.flatMap(([name, value]) => env(name, value)) : []),
    ...(plan.data ? volume(plan.data, inside.data, plan.dataReadOnly ? ':ro' : '') : []),
    ...(writable ? variablesOf(inside).flatMap(([name, value]) => env(name, value)) : []),
    ...Object.entries(plan.inputs).flatMap(([name, from]) => volume(from, `${inside.input}/${name}`, ':ro')),
    ...(plan.secrets ? volume(plan.secrets, inside.secrets, ':ro') : []),
    ...Object.entries(plan.environment).flatMap(([name, value]) => env(name, value)),
    ...plan.extraArgs,
    ...programWords(plan),
  ];
}

function programWords(plan: ContainerPlan): Word[] {
  if (plan.experimentCommand === null) return [plan.image];
  const secrets = plan.secrets ? `${exportSecrets}; ` : '';
  // The shell stays alive through a signal, so that the job's own handler runs to its end.
  const text = `${secrets}trap : TERM INT; ${plan.experimentCommand.trim()} "$@"`;
  return ['--entrypoint', 'sh', plan.image, '-c', text, 'sh'];
}

/** Line breaks at the end of a value are part of it, and the shell would drop them. */
const exportSecrets = `for _secret in ${inside.secrets}/*; do _value=$(cat "$_secret"; echo .); export "\${_secret##*/}=\${_value%.}"; done`;

/** git refuses a checkout that belongs to another user unless told; the container may run as root. */
const safeDirectory: readonly (readonly [string, string])[] = [
  ['GIT_CONFIG_COUNT', '1'],
  ['GIT_CONFIG_KEY_0', 'safe.directory'],
  ['GIT_CONFIG_VALUE_0', '*'],
];
