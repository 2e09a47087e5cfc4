// Programs that are measured at the test cloud: started without waiting, since this process serves it.
import { spawn } from 'node:child_process';

/** What a program has said so far, by its process. */
const outputs = new WeakMap();

/** @param options of `spawn`. A process group of its own, as a shell gives it one */
export function start([program, ...words], options) {
  return spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

export const said = (child) => new Error(`${child.spawnargs.join(' ')} ended:\n${outputs.get(child)}`);

/** @throws what the program said if it fails */
export function ended(child) {
  outputs.set(child, '');
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => outputs.set(child, outputs.get(child) + text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(said(child))));
  });
}

/** Ends it as Ctrl-C does, and does not mind how it ended. */
export async function interrupt(child, end) {
  process.kill(-child.pid, 'SIGINT');
  await end.catch(() => {});
}
