import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { command } from './command.js';
import { parentOf, pidsInProc } from './descendants.js';
import type { Executor } from './executor.js';

/** Processes of this computer that have a word on their command line. */
export async function processesWith(executor: Executor, word: string): Promise<number[]> {
  return fromProc(word) ?? fromPs(executor, word);
}

/** From /proc; null: this system has none. */
function fromProc(word: string): number[] | null {
  return pidsInProc()?.filter((pid) => pid !== process.pid && wordsOf(pid).includes(word)) ?? null;
}

/** Whether the command line of a process has the text in it. Known on Linux only; elsewhere none is found. */
export const isNamedByProcess = (text: string): boolean =>
  (pidsInProc() ?? []).some((pid) => pid !== process.pid && wordsOf(pid).join(' ').includes(text));

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended.
    return [];
  }
}

async function fromPs(executor: Executor, word: string): Promise<number[]> {
  const { stdout } = await executor.query(command('ps', '-A', '-ww', '-o', 'pid=,args='));
  return stdout
    .split('\n')
    .filter((line) => `${line} `.includes(` ${word} `))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** A process that runs in a folder. */
export interface ProcessThere {
  readonly pid: number;
  /** Its program's name, and that of its parent; empty: the parent has ended. */
  readonly program: string;
  readonly parent: string;
}

/** Processes whose working directory is the folder. Known on Linux only; elsewhere none is found. */
export function processesIn(folder: string): ProcessThere[] {
  return (pidsInProc() ?? []).flatMap((pid) => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return [];
      return [{ pid, program: programOf(pid), parent: programOf(parentOf(pid)) }];
    } catch {
      // It has ended, or belongs to another user.
      return [];
    }
  });
}

const programOf = (pid: number): string => basename(wordsOf(pid)[0] ?? '');

/** A unique name of a process, since the system reuses ids: `PID START BOOT@HOST`. */
export function nameOfProcess(pid: number): string {
  return `${pid} ${startOf(pid) ?? 'gone'} ${bootId()}@${hostname()}`;
}

/** Whether the process of that name lives on this computer. A suspended one does. */
export const isAlive = (name: string): boolean => {
  const pid = Number.parseInt(name, 10);
  return pid > 0 && startOf(pid) !== null && nameOfProcess(pid) === name;
};

/** When it started, in the system's ticks; null: no such process. */
function startOf(pid: number): string | null {
  if (!existsSync('/proc/self/stat')) {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout?.replaceAll(/[^0-9A-Za-z]/g, '') || null;
  }
  try {
    // The fields are counted from the end of the name, which may contain spaces and parentheses.
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return state === 'Z' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
