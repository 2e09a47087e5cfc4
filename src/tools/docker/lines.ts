import { type Command, command } from '../../shell/command.js';
import { withArguments } from '../../shell/shell-text.js';
import type { Variable, Word } from '../../shell/word.js';
import { defaultVariables, pathsIn, variablesOf } from '../job-paths.js';

/** Paths inside the container, the same on every machine. */
export const inside = {
  project: '/project',
  data: '/data',
  home: '/home/logistician',
  ...pathsIn('/data'),
  secrets: '/run/logistician/secrets',
} as const;

/** An image to build from a git tree. Its tag names the tree, so it tells whether the image exists. */
export interface ImagePlan {
  readonly tag: string;
  /** Id of the git tree that is the build context. */
  readonly tree: string;
  /** The commit and folder of the tree: git attributes outside of the folder apply, too. Default: the tree stands
   * alone. */
  readonly within?: { readonly commit: string; readonly folder: string };
  /** Path of the Dockerfile in that tree. */
  readonly dockerfile: string;
  /** A file of that tree that is configuration and not part of the context. */
  readonly leftOut: string;
  readonly labels: Readonly<Record<string, Word>>;
  /** Names of its base images. */
  readonly bases: readonly string[];
}

/** The label with the base images of an image: `NAME=ID` each, separated by blanks. The names may point to other images
 * later. */
export const basesLabel = 'logistician.bases';

/** Pulls the newest image of that name; fails if it is in no registry. */
export const pullImage = (docker: string, name: string): Command =>
  command(...programWordsOf(docker), 'pull', name);

/** Removes an image; fails if a container needs it. @param name its id or tag */
export const removeImage = (docker: string, name: string): Command =>
  command(...programWordsOf(docker), 'image', 'rm', name);

/** Ends a container at once and removes it. */
export const removeContainer = (docker: string, name: string): Command =>
  command(...programWordsOf(docker), 'rm', '--force', name);

/** Prints a line for the image and for each of its bases that exists: its id, its tags and digests, and, of one of ours, its
 * base images. All but the id is JSON: who made a base may have written anything. Fails if any does not exist. */
export const lookAtImage = (docker: string, tag: string, bases: readonly string[]): Command => {
  const label = `{{with .Config.Labels}}{{with index . "${basesLabel}"}}{{json .}}{{end}}{{end}}`;
  const format = `{{.Id}} {{json .RepoTags}} {{json .RepoDigests}} ${label}`;
  return command(...programWordsOf(docker), 'image', 'inspect', '--format', format, tag, ...bases);
};

/** Prints the image's id; fails if it does not exist. */
export const findImage = (docker: string, tag: string): Command =>
  command(...programWordsOf(docker), 'image', 'inspect', '--format', '{{.Id}}', tag);

/** `local_docker_command` may be several words, such as `sudo docker`. */
export const programWordsOf = (docker: string): string[] => docker.trim().split(/\s+/);

/** A folder to mount: its path, or a variable of the runner that contains `mountSource` of one. */
export type Folder = string | Variable;

/** What of this computer git in a container of a live tree reads, at a path that the tree names. */
export interface GitMount {
  readonly source: string;
  readonly target: string;
}

/** The settings of a container of an experiment; words may contain variables of the runner. */
export interface ContainerPlan {
  readonly name: Word;
  readonly image: string;
  readonly labels: Readonly<Record<string, Word>>;
  /** The checkout or the live tree; null: the image's own /project, if it has one. */
  readonly project: Folder | null;
  /** Git directories of a live tree that are outside of it. */
  readonly git?: readonly GitMount[];
  readonly data: Folder | null;
  /** Mounts the folder at `data` read-only; it is not laid out by us. */
  readonly dataReadOnly?: boolean;
  readonly home: Folder | null;
  /** Read-only folders at /data/input/NAME. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly secrets: Folder | null;
  readonly userId: Word;
  readonly groupId: Word;
  readonly userName: Word;
  readonly environment: Readonly<Record<string, string>>;
  readonly extraArgs: readonly string[];
  /** Shell text to which the condition's argv is appended, unless it contains "$@"; null: the image's ENTRYPOINT and
   * CMD. */
  readonly experimentCommand: string | null;
}

/** The part of a `--mount` that names the folder, quoted as a comma-separated value. */
export const mountSource = (path: string): string => mountField('source', path);

const mountField = (name: string, path: string): string =>
  /[,"\n]/.test(path) ? `"${name}=${path.replaceAll('"', '""')}"` : `${name}=${path}`;

/** Not `--volume`: if Docker does not see the folder (because it runs on another computer, or sees other files),
 * `--volume` would create an empty one, and the job's results would be lost. */
const mount = (from: Folder, to: string, mode = ''): Word[] => [
  '--mount',
  ['type=bind,', typeof from === 'string' ? mountSource(from) : from, `,${mountField('target', to)}${mode}`],
];

/** The user's groups, so that a job can read the same files as the user. */
export const groupWords = (groups: readonly number[]): string[] =>
  groups.flatMap((group) => ['--group-add', String(group)]);

/** The words after `docker run`, up to where a condition's argv is appended. */
export function containerWords(plan: ContainerPlan): Word[] {
  const env = (name: string, value: Word): Word[] => ['--env', [`${name}=`, value]];
  const writable = plan.data !== null && !plan.dataReadOnly;
  return [
    '--name',
    plan.name,
    // Docker's own init, which passes signals to the whole process group, so that the job gets SIGTERM.
    '--init',
    ...env('TINI_KILL_PROCESS_GROUP', '1'),
    // At its usual level it warns, in the job's output, when the terminal changes its size after the job has ended.
    ...env('TINI_VERBOSITY', '0'),
    ...Object.entries(plan.labels).flatMap(([name, value]): Word[] => ['--label', [`${name}=`, value]]),
    // The log is copied from Docker at the end, so it must not be rotated, even if the engine rotates others.
    ...['--log-driver', 'json-file', '--log-opt', 'max-size=1000p'],
    // Files get ids of this computer, even if the engine maps ids of containers to others.
    ...['--userns', 'host', '--user', [plan.userId, ':', plan.groupId]],
    ...env('USER', plan.userName),
    ...env('LOGNAME', plan.userName),
    ...(plan.home ? [...env('HOME', inside.home), ...mount(plan.home, inside.home)] : env('HOME', '/tmp')),
    ...(plan.project ? [...mount(plan.project, inside.project), '--workdir', inside.project] : []),
    ...(plan.git ?? []).flatMap(({ source, target }) => mount(source, target, ',readonly')),
    ...(plan.project ? safeDirectory.flatMap(([name, value]) => env(name, value)) : []),
    ...(plan.data ? mount(plan.data, inside.data, plan.dataReadOnly ? ',readonly' : '') : []),
    ...(writable ? variablesOf(inside).flatMap(([name, value]) => env(name, value)) : []),
    ...Object.entries(plan.inputs).flatMap(([name, from]) =>
      mount(from, `${inside.input}/${name}`, ',readonly'),
    ),
    ...(plan.secrets ? mount(plan.secrets, inside.secrets, ',readonly') : []),
    ...Object.entries({ ...defaultVariables, ...plan.environment }).flatMap(([name, value]) =>
      env(name, value),
    ),
    ...plan.extraArgs,
    ...programWords(plan),
  ];
}

function programWords(plan: ContainerPlan): Word[] {
  if (plan.experimentCommand === null) return [plan.image];
  const secrets = plan.secrets ? `${exportSecrets}; ` : '';
  // The shell survives the signal, so that the job's own handler can finish.
  const text = `${secrets}trap : TERM INT; ${withArguments(plan.experimentCommand)}`;
  return ['--entrypoint', 'sh', plan.image, '-c', text, 'sh'];
}

/** Keeps line breaks at the end of a value, which the shell would drop. */
const exportSecrets = `for _secret in ${inside.secrets}/*; do _value=$(cat "$_secret"; echo .); export "\${_secret##*/}=\${_value%.}"; done`;

/** git refuses a checkout of another user without this setting, and the container may run as root. */
const safeDirectory: readonly (readonly [string, string])[] = [
  ['GIT_CONFIG_COUNT', '1'],
  ['GIT_CONFIG_KEY_0', 'safe.directory'],
  ['GIT_CONFIG_VALUE_0', '*'],
];
