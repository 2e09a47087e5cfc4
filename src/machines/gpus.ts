import { UserError } from '../errors.js';
import { command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import type { Outcome } from '../shell/process.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import type { Connection } from './connection.js';
import { type GpuWish, wantsGpus } from './slots.js';

/** Docker has a GPU runtime, but the GPUs do not work. */
export class BrokenGpus extends UserError {
  constructor(trouble: string) {
    super(`The GPUs here cannot be used, and jobs would run on the CPU instead: nvidia-smi ${trouble}.`, [
      'nvidia-smi',
      '"gpus": "none"    # in parameters.json, for jobs without GPUs',
    ]);
  }
}

/** Timeout of nvidia-smi, in milliseconds. */
const patience = 10_000;

/** The GPUs of a machine. */
export interface Gpus {
  /** Those that Docker can use. */
  readonly ids: readonly string[];
  /** How many there are that Docker has no runtime for. */
  readonly beyond: number;
}

const none: Gpus = { ids: [], beyond: 0 };

/** For jobs that want none it finds none. Without NVIDIA's runtime, nvidia-smi may be there only as a dependency of
 * another package, and may fail. @throws BrokenGpus */
export async function findGpus(
  executor: Executor,
  connection: Connection,
  engine: EngineFacts,
  wish: GpuWish,
): Promise<Gpus> {
  if (!wantsGpus(wish)) return none;
  const query = command('nvidia-smi', '--query-gpu=index', '--format=csv,noheader');
  const outcome = await executor.query(connection.reach(query), { timeoutMs: patience });
  if (outcome.kind === 'spawn-failed') return none;
  const ids = outcome.stdout.split('\n').filter((line) => /^\d+$/.test(line));
  const works = outcome.code === 0 && ids.length > 0;
  if (!engine.hasNvidia) return works ? { ids: [], beyond: ids.length } : none;
  if (works) return { ids, beyond: 0 };
  throw new BrokenGpus(troubleOf(outcome));
}

/** The lines that give Docker a runtime for GPUs. No distribution has its package: the page says where it is. */
export const linesForRuntime: readonly string[] = [
  'https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html',
  'sudo apt-get install nvidia-container-toolkit',
  'sudo nvidia-ctk runtime configure --runtime=docker',
  'sudo systemctl restart docker',
];

export const withoutRuntime = (beyond: number, whose: string): string =>
  `Docker has no NVIDIA runtime for ${whose} ${beyond === 1 ? 'GPU' : `${beyond} GPUs`}`;

/** What a person is told who runs jobs here; null: nothing. */
export const noteOfBeyond = ({ beyond }: Gpus): string | null =>
  beyond > 0
    ? `${withoutRuntime(beyond, "this computer's")}, so jobs run on the CPU: \`logistician doctor\` says what is missing; "gpus": "none" in parameters.json says that it is meant.`
    : null;

/** Its errors may be on its standard output, too. */
function troubleOf({ code, stdout, stderr, beyond }: Outcome): string {
  if (beyond) return `did not answer ${beyond}`;
  const [said = ''] = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim());
  return code === 0 ? `says: ${said}` : `ended with exit code ${code}: ${said}`;
}
