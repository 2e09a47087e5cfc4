import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isZombie, withDescendants } from './descendants.js';

/** Milliseconds from SIGTERM to SIGKILL, and from there until we stop waiting. */
const grace = { term: 2000, kill: 1000 };
const pause = 50;

/** Ends the processes and all their descendants, each by its id: they stay in our own process group, so that Ctrl-C
 * reaches them. */
export async function endAll(children: readonly ChildProcess[]): Promise<void> {
  const own = children.flatMap(({ pid }) => pid ?? []);
  const doomed = withDescendants(own);
  signalAll(doomed, 'SIGTERM');
  await untilGone(doomed, grace.term);
  const left = withDescendants([...doomed].filter(isThere));
  signalAll(left, 'SIGKILL');
  await untilGone(left, grace.kill);
  for (const child of children) {
    // A process that hangs in a disk access ends when the disk answers; we do not wait for that.
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

/** @returns whether the process exists and we may signal it */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
