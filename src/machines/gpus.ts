import { command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import type { EngineFacts } from '../tools/docker/engine.js';
import type { Connection } from './connection.js';

/** Ids of the GPUs that Docker can hand out on the machine; none without NVIDIA's runtime for Docker. */
export async function findGpus(
  executor: Executor,
  connection: Connection,
  engine: EngineFacts,
): Promise<string[]> {
  if (!engine.hasNvidia) return [];
  const query = command('nvidia-smi', '--query-gpu=index', '--format=csv,noheader');
  const outcome = await executor.query(connection.reach(query));
  return outcome.code === 0 ? outcome.stdout.split('\n').filter(Boolean) : [];
}
