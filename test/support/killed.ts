import { readFileSync } from 'node:fs';
import { until } from './until.js';

/** Kills a process, or all of a group by its negative number, and waits until the system has ended it, which can take a
 *  while on a computer that has much else to do. */
export async function killed(number: number): Promise<void> {
  process.kill(number, 'SIGKILL');
  await until('it has ended', () => hasEnded(Math.abs(number)));
}

/** A zombie has ended. */
function hasEnded(number: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${number}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
