import { hostname } from 'node:os';
import { here } from '../../machines/connection.js';
import { findGpus, noteOfBeyond } from '../../machines/gpus.js';
import type { GpuWish } from '../../machines/slots.js';
import type { EngineFacts } from '../../tools/docker/engine.js';
import type { Session } from '../session.js';

/** Ids of the GPUs that a job here can use; warns of those that Docker has no runtime for. @throws BrokenGpus */
export async function gpusHere(
  { executor, notify }: Session,
  engine: EngineFacts,
  wish: GpuWish,
): Promise<readonly string[]> {
  const gpus = await findGpus(executor, here(hostname()), engine, wish);
  const note = noteOfBeyond(gpus);
  if (note !== null) notify.warn(note);
  return gpus.ids;
}
