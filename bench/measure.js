// Times commands side by side, so that what is compared met the same machine in the same minute.
import { execFileSync, spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

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

export const sh = (text, cwd, env = process.env) =>
  execFileSync('sh', ['-c', text], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
