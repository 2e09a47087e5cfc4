import { type ArgumentStyle, styleNamed } from './arguments.js';
import type { Condition } from './condition.js';
import { readConditions } from './conditions.js';
import {
  type JsonDocument,
  keyOf,
  memberOf,
  readJsonObject,
  reportDuplicateKeys,
  wordOf,
} from './json-document.js';
import schema from './parameters.schema.json' with { type: 'json' };
import { InvalidParameters, type Problem, type Report } from './problems.js';
import { readSettings } from './schema-check.js';
import type { AwsParameters, Host, Settings } from './settings.js';
import { reportContradictions } from './settings-check.js';

export type { AwsParameters, Host } from './settings.js';

/** The settings in a parameters.json, with defaults for missing ones. */
export interface Parameters {
  readonly experimentName: string;
  /** Shell text; null: the image's own ENTRYPOINT and CMD. */
  readonly experimentCommand: string | null;
  readonly projectGitUrl: string | null;
  /** In the order of the file; empty for a file that has none, with which `run` works and `deploy` cannot. */
  readonly conditions: readonly Condition[];
  /** How arguments with keys become words. */
  readonly argumentStyle: ArgumentStyle;
  readonly target: string;
  /** The measure that counts; null: not set. */
  readonly objective: string | null;
  readonly goal: 'maximize' | 'minimize';
  /** Regular expressions of measures in the log, by name. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly hosts: readonly Host[];
  /** Folders by name; relative ones start from the experiment folder. */
  readonly inputs: Readonly<Record<string, string>>;
  /** git's pathspecs, from the project's root, of the files that count when we decide whether a success is still good;
   * null: all. */
  readonly code: readonly string[] | null;
  readonly gpus: 'auto' | 'all' | 'none' | number;
  readonly dockerBuildContext: 'experiment' | 'project';
  readonly dockerImageTransport: 'build' | 'ssh';
  readonly dockerRunArgs: readonly string[];
  /** The docker command of this computer. */
  readonly dockerCommand: string;
  /** The docker command of a machine. */
  readonly remoteDockerCommand: string;
  /** Numbers as written. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables of the caller's environment. */
  readonly secrets: readonly string[];
  readonly maxHours: number;
  readonly idleMinutes: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly aws: AwsParameters;
}

/**
 * Reads a parameters.json, and checks all of it.
 *
 * @param text the file's content
 * @param path the file's name, for messages only
 * @param targets the names of all targets
 * @throws InvalidParameters with every problem that the file has, each with its line and column
 */
export function readParameters(
  text: string,
  path: string,
  targets: readonly string[] = keys.target.examples,
): Parameters {
  const document = readJsonObject(text, path);
  const problems: Problem[] = [];
  const report: Report = ({ loc: { start } }, where, what) =>
    problems.push({ line: start.line, column: start.column, where, what });

  reportDuplicateKeys(document.root, report);
  const settings = readSettings(document, report) as unknown as Settings;
  reportContradictions(document, targets, report);
  const conditions = readConditions(document, styleNamed(settings.argument_style), report);
  if (problems.length > 0) throw new InvalidParameters(path, problems);
  return parametersOf(document, settings, conditions);
}

const { properties: keys } = schema;

function parametersOf(
  document: JsonDocument,
  settings: Settings,
  conditions: readonly Condition[],
): Parameters {
  return {
    experimentName: settings.experiment_name,
    experimentCommand: settings.experiment_command?.trim() ?? null,
    projectGitUrl: settings.project_git_url || null,
    conditions,
    argumentStyle: styleNamed(settings.argument_style),
    target: settings.target ?? (hasAwsKeys(document) ? 'aws' : 'local'),
    objective: settings.objective?.trim() ?? null,
    goal: settings.goal ?? 'maximize',
    metrics: settings.metrics ?? {},
    hosts: (settings.hosts ?? []).map(hostOf),
    inputs: settings.inputs ?? {},
    code: settings.code ?? null,
    gpus: gpusOf(settings),
    dockerBuildContext: settings.docker_build_context ?? 'experiment',
    dockerImageTransport: settings.docker_image_transport ?? 'build',
    dockerRunArgs: settings.docker_run_args ?? [],
    dockerCommand: dockerOf(settings.local_docker_command),
    remoteDockerCommand: dockerOf(settings.remote_docker_command),
    environment: wordsOf(document, 'environment'),
    secrets: settings.secrets ?? [],
    maxHours: settings.max_hours ?? keys.max_hours.default,
    idleMinutes: settings.idle_minutes ?? keys.idle_minutes.default,
    tags: settings.tags ?? {},
    aws: awsOf(document, settings),
  };
}

const awsOf = (document: JsonDocument, settings: Settings): AwsParameters => ({
  region: settings.aws_region ?? null,
  instanceType: settings.aws_instance_type ?? keys.aws_instance_type.default,
  ami: settings.aws_ami ?? null,
  amiUser: settings.aws_ami_user ?? keys.aws_ami_user.default,
  rootVolumeSize: Number(settings.aws_root_volume_size ?? keys.aws_root_volume_size.default),
  spot: settings.aws_spot ?? false,
  maxMachines: settings.aws_max_machines ?? null,
  maxPrice: textOf(document, 'aws_max_price'),
  subnetId: settings.aws_subnet_id ?? null,
  sshCidr: settings.aws_ssh_cidr ?? null,
  sshAddress: settings.aws_ssh_address ?? 'public',
  stateBucket: settings.aws_state_bucket ?? null,
});

/** Only files for the cloud have `aws_` keys, and the original tool's have no target. Notes do not count. */
const hasAwsKeys = ({ root }: JsonDocument): boolean =>
  root.members.map(keyOf).some((key) => key.startsWith('aws_') && !key.endsWith('_comment'));

const hostOf = (host: NonNullable<Settings['hosts']>[number]): Host => ({
  slots: null,
  gpus: null,
  jump: null,
  ...(typeof host === 'string' ? { address: host } : host),
});

/** The original tool's users had `nvidia-docker` on computers with GPUs; Docker has `--gpus` for that now. */
const NVIDIA_DOCKER = 'nvidia-docker';

const dockerOf = (command = 'docker'): string => (command === NVIDIA_DOCKER ? 'docker' : command);

function gpusOf({ gpus, local_docker_command }: Settings): Parameters['gpus'] {
  if (gpus === 0) return 'none';
  return gpus ?? (local_docker_command === NVIDIA_DOCKER ? 'all' : 'auto');
}

function textOf(document: JsonDocument, key: string): string | null {
  const node = memberOf(document.root, key)?.value;
  return node === undefined ? null : wordOf(document, node);
}

/** An object of words, its numbers as written. */
function wordsOf(document: JsonDocument, key: string): Record<string, string> {
  const node = memberOf(document.root, key)?.value;
  if (node?.type !== 'Object') return {};
  return Object.fromEntries(node.members.map((member) => [keyOf(member), wordOf(document, member.value)]));
}
