import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const context = fileURLToPath(new URL('../../examples/addition/experiments/1/', import.meta.url));

/** An image with Python, that of an example: made if it is not there. */
export const pythonImage = (): string =>
  execFileSync('docker', ['build', '--quiet', '--tag', 'logistician-test/python', context], {
    // Each step is an image, which other builds take for their own.
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
    .toString()
    .trim();
