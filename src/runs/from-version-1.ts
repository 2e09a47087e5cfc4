import type { Recipe } from '../recipe/recipe.js';
import type { DataSize } from './data-size.js';
import type { RunRecord } from './record.js';

/** The parts of a receipt of version 0.1 that differ from today's; record-1.schema.json describes it. */
export interface Version1
  extends Pick<
      RunRecord,
      'id' | 'experiment' | 'condition' | 'deployment' | 'created' | 'user' | 'fingerprint'
    >,
    Pick<RunRecord, 'target' | 'folder' | 'machine' | 'container_line' | 'reason' | 'exit_code' | 'times'>,
    Pick<RunRecord, 'state' | 'started' | 'finished' | 'kept' | 'slot' | 'gpus' | 'collected'>,
    Pick<Recipe, 'command' | 'environment' | 'secrets' | 'docker_run_args' | 'max_hours'> {
  readonly experiment_path: string;
  readonly argv: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly source: Omit<Recipe['source'], 'id'> & { readonly edited_during_run: string | null };
  readonly inputs: Readonly<Record<string, string>>;
  readonly parameters_file: string;
  readonly image: RunRecord['image'] &
    Pick<Recipe['image'], 'tag' | 'context_tree' | 'dockerfile'> & { readonly build_line: string };
  readonly tools: RunRecord['tools'] & { readonly docker: string };
  readonly collected_data?: DataSize;
}

/** Converts the receipt to today's version. Fields that 0.1 did not record are null; numbers among the parameters have
 * the digits that 0.1 kept.
 * @param old valid by record-1.schema.json */
export function fromVersion1(old: Version1): RunRecord {
  const { edited_during_run, ...source } = old.source;
  const { docker, ...tools } = old.tools;
  const settings = settingsIn(old.parameters_file);
  return {
    schema: 2,
    id: old.id,
    experiment: old.experiment,
    condition: old.condition,
    deployment: old.deployment,
    created: old.created,
    user: old.user,
    recipe: {
      experiment: { name: old.experiment, path: old.experiment_path },
      condition: { id: old.condition, argv: old.argv, parameters: JSON.stringify(old.parameters) },
      source: { ...source, id: null },
      image: imageOf(old, settings),
      command: old.command,
      environment: old.environment,
      secrets: old.secrets,
      inputs: Object.fromEntries(
        Object.entries(old.inputs).map(([name, path]) => [name, { path, id: null }]),
      ),
      docker_run_args: old.docker_run_args,
      max_hours: old.max_hours,
      gpus: gpusIn(settings),
    },
    fingerprint: old.fingerprint,
    target: old.target,
    folder: old.folder,
    machine: old.machine,
    build_line: old.image.build_line,
    container_line: old.container_line,
    tools,
    engine: docker === 'not known yet' ? null : { name: 'docker', version: docker },
    image: { id: old.image.id, base: old.image.base },
    state: old.state,
    reason: old.reason,
    exit_code: old.exit_code,
    times: old.times,
    started: old.started,
    finished: old.finished,
    kept: old.kept,
    slot: old.slot,
    gpus: old.gpus,
    gpu_names: [],
    driver: null,
    edited_during_run,
    collected: old.collected,
    collected_data: old.collected_data ?? null,
  };
}

function imageOf(
  { experiment, experiment_path: path, image }: Version1,
  settings: Settings,
): Recipe['image'] {
  const context = settings.docker_build_context === 'project' ? 'project' : 'experiment';
  // 0.1 recorded the hash of the context only in this line.
  const [, hash] = /--label logistician\.context=([0-9a-f]{64})\b/.exec(image.build_line) ?? [];
  return {
    tag: image.tag,
    context,
    context_tree: image.context_tree,
    dockerfile: image.dockerfile,
    left_out: context === 'experiment' || path === '' ? 'parameters.json' : `${path}/parameters.json`,
    labels: { 'logistician.experiment': experiment, ...(hash && { 'logistician.context': hash }) },
    bases: image.base.map(({ name }) => name),
  };
}

/** As 0.1 read the settings, including `nvidia-docker`. */
function gpusIn({ gpus, local_docker_command: docker }: Settings): Recipe['gpus'] {
  if (gpus === 'all' || gpus === 'none' || gpus === 'auto') return gpus;
  if (Number.isInteger(gpus) && Number(gpus) >= 0) return gpus === 0 ? 'none' : Number(gpus);
  return docker === 'nvidia-docker' ? 'all' : 'auto';
}

type Settings = Readonly<Record<string, unknown>>;

/** The settings in a parameters.json; empty if it cannot be read. */
function settingsIn(text: string): Settings {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? (value as Settings) : {};
  } catch {
    return {};
  }
}
