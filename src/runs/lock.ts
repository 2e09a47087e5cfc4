import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { isAlive, nameOfProcess } from '../shell/processes.js';

/** How long to wait for a lock, in milliseconds. */
const patience = 60_000;
const pause = 250;

export class LockHeld extends UserError {
  constructor(path: string, holder: string, what: string) {
    const [pid = '', host = ''] = holder.split(/[ @]/).filter((_, index) => index === 0 || index === 3);
    super(
      host === hostname()
        ? `Another logistician (process ${pid}) has locked ${what} for a minute.`
        : `Another logistician (process ${pid} on ${host}) has locked ${what}.`,
      host === hostname()
        ? [`ps -fp ${pid}    # shows what it is`, `kill -CONT ${pid}    # if it was suspended`]
        : [`ssh ${host} ps -fp ${pid}`, `rm ${path}    # if that computer has restarted since`],
    );
  }
}

/** Takes a lock: a link that names its holder. While the holder lives, even suspended, the lock stays; that of a dead
 * process is taken over; that of another computer that shares the folder always stays, since we cannot check the
 * process.
 * @param path of the link.
 * @param waiting called once if another process holds it.
 * @param what is locked, for messages
 * @returns a function that releases it. @throws LockHeld after a minute */
export async function takeLock(
  path: string,
  waiting: () => void,
  what = 'this deployment',
): Promise<() => void> {
  const us = nameOfProcess(process.pid);
  let isTold = false;
  for (const began = Date.now(); ; ) {
    if (tryLink(us, path)) return () => letGo(path, us);
    const holder = holderOf(path);
    if (holder === null) continue;
    const dead = isDead(holder);
    if (dead && takeAway(path, holder, us)) continue;
    if (!dead && !isTold) {
      waiting();
      isTold = true;
    }
    if (Date.now() - began > patience) throw new LockHeld(path, holder, what);
    await sleep(pause);
  }
}

function tryLink(holder: string, path: string): boolean {
  try {
    symlinkSync(holder, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Whether the holder was a process of this computer, and has ended. */
const isDead = (holder: string): boolean => holder.endsWith(`@${hostname()}`) && !isAlive(holder);

/** Removes the lock of a dead holder. Only one process at a time does so, so that it removes the same lock that it has
 * read.
 * @returns false: another process is doing it */
function takeAway(path: string, holder: string, us: string): boolean {
  const guard = `${path}.taking`;
  if (!tryLink(us, guard)) {
    const other = holderOf(guard);
    if (other !== null && isDead(other)) rmSync(guard, { force: true });
    return false;
  }
  try {
    if (holderOf(path) === holder) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
  return true;
}

function letGo(path: string, us: string): void {
  if (holderOf(path) === us) rmSync(path, { force: true });
}
