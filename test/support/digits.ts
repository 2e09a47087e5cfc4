import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stateOfFolder } from './folder-state.js';

/** The example: a classifier of handwritten digits. */
const folder = fileURLToPath(new URL('../../examples/digits/', import.meta.url));

export const digits = {
  program: readFileSync(join(folder, 'train.py')),
  dockerfile: readFileSync(join(folder, 'experiments/learning-rate/Dockerfile')),
  /** With it the same arguments give the same bytes, however many processors there are. */
  environment: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
};

/** The image that its Dockerfile makes, made if it is not there; for machines that reach no network. */
export function digitsImage(): string {
  const context = join(folder, 'experiments/learning-rate');
  return execFileSync('docker', ['build', '--quiet', '--tag', 'logistician-test/digits', context], {
    // Each step is an image, which a machine's builder takes for its own.
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
    .toString()
    .trim();
}

/** What a run, whose folder this is, says of its digits: all but the time that it took. */
export const measures = (run: string) => ({
  epochs: readFileSync(join(run, 'data/measures/epochs.jsonl'), 'utf8').replaceAll(/"seconds": [\d.]+/g, ''),
  results: stateOfFolder(join(run, 'data/results')),
});
