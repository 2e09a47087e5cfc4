import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { isAlive, nameOfProcess } from '../shell/processes.js';

/** For how long another process may hold a lock before this one gives up, in milliseconds. */
const patience = 60_000;
const pause = 250;

export class LockHeld extends UserError {
  constructor(path: string, holder: string) {
    const [pid = '', host = ''] = holder.split(/[ @]/).filter((_, index) => index === 0 || index === 3);
    super(
      host === hostname()
        ? `Another logistician (process ${pid}) is launching or releasing this deployment, and does not end.`
        : `Another logistician, process ${pid} on ${host}, holds the lock of this deployment.`,
      host === hostname()
        ? [`ps -fp ${pid}    # what it is`, `kill -CONT ${pid}    # if it was suspended`]
        : [`ssh ${host} ps -fp ${pid}`, `rm ${path}    # if that computer has restarted since`],
    );
  }
}

/** A lock that is a link naming its holder. As long as the holder lives, even suspended, nothing takes it away; that of
 *  a dead one is taken over; that of another computer, which shares the folder, is not judged from here.
 *  @param path of the link. @param waiting called once if another process holds it.
 *  @returns what lets go of it. @throws LockHeld after a minute */
export async function takeLock(path: string, waiting: () => void): Promise<() => void> {
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
    if (Date.now() - began > patience) throw new LockHeld(path, holder);
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

/** Of this computer, and ended. */
const isDead = (holder: string): boolean => holder.endsWith(`@${hostname()}`) && !isAlive(holder);

/** Takes away the lock of a dead holder. One process at a time: what it removes is then still what it has read.
 *  @returns false: another process is at it */
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
