// Times commands side by side, so that what is compared met the same machine in the same minute.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

/** Seconds that the command takes. @throws if it fails. */
export function seconds(command, options = {}) {
  const [program, ...args] = command;
  const begin = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
  const took = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stderr}`);
  return took;
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Medians of both, measured in turns: one, other, one, other, … */
export function inTurns(times, one, other) {
  const pairs = Array.from({ length: times }, (_, turn) => [one(turn), other(turn)]);
  return [median(pairs.map(([first]) => first)), median(pairs.map(([, second]) => second))];
}

/** The most memory that a command has had, in MiB.
 * @param work a folder for a file */
export function peak([program, ...args], env, work) {
  const usage = join(work, 'usage.json');
  const tool = fileURLToPath(new URL('usage.cjs', import.meta.url));
  const quiet = { env: { ...env, BENCH_USAGE: usage }, stdio: ['ignore', 'ignore', 'pipe'] };
  seconds([program, '--require', tool, ...args], quiet);
  return JSON.parse(readFileSync(usage, 'utf8')).maxRSS / 1024;
}

export const sh = (text, cwd, env = process.env) =>
  execFileSync('sh', ['-c', text], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
