import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleImage } from './example-image.js';
import { stateOfFolder } from './folder-state.js';

/** The example: a classifier of handwritten digits. */
const folder = fileURLToPath(new URL('../../examples/digits/', import.meta.url));

export const digits = {
  program: readFileSync(join(folder, 'train.py')),
  dockerfile: readFileSync(join(folder, 'experiments/learning-rate/Dockerfile')),
  /** With it the same arguments give the same bytes, however many processors there are. */
  environment: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
};

/** The image that its Dockerfile makes, for machines that reach no network. */
export const digitsImage = (): string => exampleImage('digits/experiments/learning-rate');

/** What a run, whose folder this is, says of its digits: all but the time that it took. */
export const measures = (run: string) => ({
  epochs: readFileSync(join(run, 'data/measures/epochs.jsonl'), 'utf8').replaceAll(/"seconds": [\d.]+/g, ''),
  results: stateOfFolder(join(run, 'data/results')),
});
