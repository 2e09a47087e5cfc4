import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The id of the image that the Dockerfile of an example makes, made if it is not there.
 *  @param folder of the experiment, below examples/ */
export function exampleImage(folder: string): string {
  const context = fileURLToPath(new URL(`../../examples/${folder}/`, import.meta.url));
  const tag = `logistician-test/example-${basename(folder)}`;
  return execFileSync('docker', ['build', '--quiet', '--tag', tag, context], {
    // Each step is an image, which a machine's builder and other builds take for their own.
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
    .toString()
    .trim();
}

/** An image with Python. */
export const pythonImage = (): string => exampleImage('addition/experiments/1');
