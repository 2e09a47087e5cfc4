import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exampleImage } from './example-image.js';
import { stateOfFolder } from './folder-state.js';

/** The example: a classifier of handwritten digits. */
const folder = fileURLToPath(new URL('../../examples/digits/', import.meta.url));

const experiment = join(folder, 'experiments/learning-rate');

export const digits = {
  program: readFileSync(join(folder, 'train.py')),
  dockerfile: readFileSync(join(experiment, 'Dockerfile')),
  /** With it the same arguments give the same bytes, however many processors there are. */
  environment: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
};

/** The example as it is, but for the experiment's name, which each test project has for itself. */
export const digitsProject = {
  files: {
    'examples/digits/train.py': digits.program,
    'experiments/one/Dockerfile': digits.dockerfile,
  },
  parameters: ownParameters(),
};

/** Arguments of a short training; later ones win over those of the example's command. */
export const shortTraining = ['--optimizer', 'adam', '--lr', '0.01', '--epochs', '3'];

function ownParameters(): Record<string, unknown> {
  const text = readFileSync(join(experiment, 'parameters.json'), 'utf8');
  const { experiment_name: _, ...settings } = JSON.parse(text) as Record<string, unknown>;
  return settings;
}

/** The image that its Dockerfile makes, for machines that reach no network. */
export const digitsImage = (): string => exampleImage('digits/experiments/learning-rate');

/** What a run, whose folder this is, says of its digits: all but the time that it took. */
export const measures = (run: string) => ({
  epochs: readFileSync(join(run, 'data/measures/epochs.jsonl'), 'utf8').replaceAll(/"seconds": [\d.]+/g, ''),
  results: stateOfFolder(join(run, 'data/results')),
});
