import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Ids of all processes; null: this system has no /proc. */
export function pidsInProc(): number[] | null {
  try {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return names.length === 0 ? null : names.map(Number);
  } catch {
    return null;
  }
}

/** The id of the parent process; 0: the process has ended. */
export const parentOf = (pid: number): number => Number(statOf(pid)?.[1] ?? 0);

/** Whether it is a zombie: it has ended, and its parent has not read its status. Known on Linux only. */
export const isZombie = (pid: number): boolean => statOf(pid)?.[0] === 'Z';

/** State and parent. They follow the last parenthesis, as the name may contain spaces and parentheses. */
function statOf(pid: number): string[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
  } catch {
    return null;
  }
}

/** These processes and all their descendants. */
export function withDescendants(pids: Iterable<number>): Set<number> {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = new Set(pids);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return found;
}

function parents(): [pid: number, parent: number][] {
  const pids = pidsInProc();
  if (pids) return pids.map((pid) => [pid, parentOf(pid)]);
  try {
    const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { timeout: 5000, stdio: 'pipe' });
    return listed
      .toString()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([pid = 0, parent = 0]) => [pid, parent]);
  } catch {
    return [];
  }
}
