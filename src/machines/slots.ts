import type { EngineFacts } from '../tools/docker/engine.js';

/** Which GPUs a job of an experiment wants, as parameters.json says it. */
export type GpuWish = 'auto' | 'all' | 'none' | number;

/** Memory that a slot is given credit for, in bytes: a default, not a limit. */
const memoryPerSlot = 2 * 2 ** 30;

/** The slots of one machine, each as the value of its `--gpus`, `-` for none.
 *  Without a wanted number: a slot for each GPU or group of them; else as many as processors and memory bear.
 *  @param gpus ids of the machine's GPUs that Docker can hand out. */
export function slots(
  wish: GpuWish,
  gpus: readonly string[],
  engine: EngineFacts,
  wanted?: number,
): string[] {
  const bears = Math.max(1, Math.min(engine.cpus, Math.floor(engine.memory / memoryPerSlot)));
  const share = wish === 'auto' ? Math.min(gpus.length, 1) : wish;
  if (share === 'none' || share === 0) return Array<string>(wanted ?? bears).fill('-');
  if (share === 'all') return Array<string>(wanted ?? 1).fill('all');
  const groups = Array.from({ length: Math.floor(gpus.length / share) }, (_, group) =>
    gpus.slice(group * share, (group + 1) * share),
  );
  // Docker itself says it best when there are fewer GPUs than a job wants.
  if (groups.length === 0) return Array<string>(wanted ?? 1).fill(String(share));
  // Docker reads the value as CSV: ids with a comma between them are quoted for it.
  return groups
    .slice(0, wanted)
    .map((ids) => (ids.length > 1 ? `"device=${ids.join(',')}"` : `device=${ids[0]}`));
}

/** The `--gpus` value of a job that runs by itself; empty for none. */
export function ownGpus(wish: GpuWish, gpus: readonly string[]): string {
  if (wish === 'auto') return gpus.length > 0 ? 'all' : '';
  return wish === 'none' || wish === 0 ? '' : String(wish);
}
