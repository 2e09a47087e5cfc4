import type { DeployedMachine } from '../runs/deployment.js';

/** Spreads new jobs over machines: each goes where there is the least work for a slot, the first machine first.
 *  @param load how many open jobs a machine has already, by its name
 *  @returns a machine for each job, in order */
export function place<T extends Pick<DeployedMachine, 'name' | 'slots'>>(
  count: number,
  machines: readonly T[],
  load: ReadonlyMap<string, number>,
): T[] {
  const open = machines.map((machine) => ({ machine, jobs: load.get(machine.name) ?? 0 }));
  const crowd = ({ machine, jobs }: (typeof open)[number]) => (jobs + 1) / machine.slots.length;
  return Array.from({ length: open.length === 0 ? 0 : count }, () => {
    const best = open.reduce((one, other) => (crowd(other) < crowd(one) ? other : one));
    best.jobs++;
    return best.machine;
  });
}
