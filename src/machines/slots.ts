import type { EngineFacts } from '../tools/docker/engine.js';

/** The GPUs that each job gets, as in parameters.json. */
export type GpuWish = 'auto' | 'all' | 'none' | number;

/** Whether jobs use GPUs if there are any. */
export const wantsGpus = (wish: GpuWish): boolean => wish !== 'none' && wish !== 0;

/** Memory per slot, in bytes, for the default number of slots; not a limit. */
const memoryPerSlot = 2 * 2 ** 30;

/** The slots of one machine, each as the value of its `--gpus`, `-` for none. Default number: a slot for each GPU or
 * group of GPUs; without GPUs, by processors and memory.
 * @param gpus ids of the GPUs that Docker can use on the machine. */
export function slots(
  wish: GpuWish,
  gpus: readonly string[],
  engine: EngineFacts,
  wanted?: number,
): string[] {
  const usual = Math.max(1, Math.min(engine.cpus, Math.floor(engine.memory / memoryPerSlot)));
  const share = wish === 'auto' ? Math.min(gpus.length, 1) : wish;
  if (share === 'none' || share === 0) return Array<string>(wanted ?? usual).fill('-');
  if (share === 'all') return Array<string>(wanted ?? 1).fill('all');
  const groups = Array.from({ length: Math.floor(gpus.length / share) }, (_, group) =>
    gpus.slice(group * share, (group + 1) * share),
  );
  // If a job wants more GPUs than there are, Docker's own error is the clearest.
  if (groups.length === 0) return Array<string>(wanted ?? 1).fill(String(share));
  // Docker parses the value as CSV, so ids with commas between them are quoted.
  return groups
    .slice(0, wanted)
    .map((ids) => (ids.length > 1 ? `"device=${ids.join(',')}"` : `device=${ids[0]}`));
}

/** How many GPUs the jobs of these slots get at least. */
export const gpusIn = (slots: readonly string[]): number =>
  slots.reduce((sum, slot) => {
    if (slot === '-') return sum;
    return sum + (/^"?device=/.test(slot) ? slot.split(',').length : Number(slot) || 1);
  }, 0);

/** The `--gpus` value of a job without a slot; empty for none. */
export function ownGpus(wish: GpuWish, gpus: readonly string[]): string {
  if (wish === 'auto') return gpus.length > 0 ? 'all' : '';
  return wantsGpus(wish) ? String(wish) : '';
}
