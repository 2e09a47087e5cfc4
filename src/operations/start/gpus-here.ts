import { hostname } from 'node:os';
import { here } from '../../machines/connection.js';
import { findGpus, noteOfBeyond } from '../../machines/gpus.js';
import type { GpuWish } from '../../machines/slots.js';
import { isProgram } from '../../shell/programs.js';
import type { EngineFacts } from '../../tools/docker/engine.js';
import type { Session } from '../session.js';

/** Ids of the GPUs that a job here can use; warns of those that Docker has no runtime for. @throws BrokenGpus */
export async function gpusHere(
  { executor, notify, env }: Session,
  engine: EngineFacts,
  wish: GpuWish,
): Promise<readonly string[]> {
  // To start what is not there takes longer than to look for it, at each `run`.
  if (!isProgram('nvidia-smi', env.PATH)) return [];
  const gpus = await findGpus(executor, here(hostname()), engine, wish);
  const note = noteOfBeyond(gpus);
  if (note !== null) notify.warn(note);
  return gpus.ids;
}
