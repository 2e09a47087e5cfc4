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

/** Ids of the GPUs that Docker can use on the machine; none without NVIDIA's runtime for Docker, and none for jobs
 * without GPUs. @throws BrokenGpus */
export async function findGpus(
  executor: Executor,
  connection: Connection,
  engine: EngineFacts,
  wish: GpuWish,
): Promise<string[]> {
  if (!engine.hasNvidia || !wantsGpus(wish)) return [];
  const query = command('nvidia-smi', '--query-gpu=index', '--format=csv,noheader');
  const outcome = await executor.query(connection.reach(query), { timeoutMs: patience });
  if (outcome.kind === 'spawn-failed') return [];
  const gpus = outcome.stdout.split('\n').filter((line) => /^\d+$/.test(line));
  if (outcome.code === 0 && gpus.length > 0) return gpus;
  throw new BrokenGpus(troubleOf(outcome));
}

/** Its errors may be on its standard output, too. */
function troubleOf({ code, stdout, stderr, beyond }: Outcome): string {
  if (beyond) return `did not answer ${beyond}`;
  const [said = ''] = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim());
  return code === 0 ? `says: ${said}` : `ended with exit code ${code}: ${said}`;
}
