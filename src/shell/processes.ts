import { readdirSync, readFileSync } from 'node:fs';
import { command } from './command.js';
import type { Executor } from './executor.js';

/** Processes of this computer that have a word on their command line. */
export async function processesWith(executor: Executor, word: string): Promise<number[]> {
  return fromProc(word) ?? fromPs(executor, word);
}

/** Linux tells by files; null: this is another system. */
function fromProc(word: string): number[] | null {
  let names: string[];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return null;
  }
  if (names.length === 0) return null;
  return names.map(Number).filter((pid) => pid !== process.pid && wordsOf(pid).includes(word));
}

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
