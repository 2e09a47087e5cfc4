import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** A folder for PATH with a python3 that has what the program needs, for jobs that run in no container: out of its image,
 *  where this computer has none. */
export function digitsPython(into: string): string {
  const bin = join(into, 'bin');
  mkdirSync(bin, { recursive: true });
  if (spawnSync('python3', ['-c', 'import sklearn'], { stdio: 'ignore' }).status === 0) return bin;
  const container = execFileSync('docker', ['create', digitsImage(), 'true']).toString().trim();
  const unpack = 'docker export "$1" | tar -x -C "$2" --wildcards "usr/bin/python3*" usr/lib';
  execFileSync('sh', ['-c', unpack, 'sh', container, into]);
  execFileSync('docker', ['rm', container]);
  const libraries = readdirSync(join(into, 'usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const folder = join(into, 'usr/lib', libraries);
  const loader = join(
    folder,
    readdirSync(folder).find((name) => /^ld-linux.*[.]so[.][0-9]$/.test(name)) ?? '',
  );
  const path = [folder, `${folder}/blas`, `${folder}/lapack`].join(':');
  const words = [loader, '--library-path', path, join(into, 'usr/bin/python3')].map((word) => `'${word}'`);
  const script = `#!/bin/sh\nPYTHONHOME='${join(into, 'usr')}' exec ${words.join(' ')} "$@"\n`;
  writeFileSync(join(bin, 'python3'), script, { mode: 0o755 });
  return bin;
}

/** What a run, whose folder this is, says of its digits: all but the time that it took. */
export const measures = (run: string) => ({
  epochs: readFileSync(join(run, 'data/measures/epochs.jsonl'), 'utf8').replaceAll(/"seconds": [\d.]+/g, ''),
  results: stateOfFolder(join(run, 'data/results')),
});
