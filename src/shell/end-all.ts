import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isZombie, withDescendants } from './descendants.js';

/** Milliseconds from SIGTERM to SIGKILL, and from there until we go without what the system does not let go. */
const grace = { term: 2000, kill: 1000 };
const pause = 50;

/** Ends the processes and all that they have started. They stay in our own process group, so that a Ctrl-C reaches them
 *  as long as they are at work: therefore each is ended by its number. */
export async function endAll(children: readonly ChildProcess[]): Promise<void> {
  const own = children.flatMap(({ pid }) => pid ?? []);
  const doomed = withDescendants(own);
  signalAll(doomed, 'SIGTERM');
  await untilGone(doomed, grace.term);
  const left = withDescendants([...doomed].filter(isThere));
  signalAll(left, 'SIGKILL');
  await untilGone(left, grace.kill);
  for (const child of children) {
    // A process that waits for a disk ends when the disk answers. We do not wait for it.
    child.unref();
    for (const stream of child.stdio) stream?.destroy();
  }
}

async function untilGone(pids: ReadonlySet<number>, milliseconds: number): Promise<void> {
  for (const last = Date.now() + milliseconds; Date.now() < last; await sleep(pause))
    if (![...pids].some(isThere)) return;
}

function signalAll(pids: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) send(pid, signal);
}

const isThere = (pid: number): boolean => send(pid, 0) && !isZombie(pid);

/** @returns whether there is such a process that we may end */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
