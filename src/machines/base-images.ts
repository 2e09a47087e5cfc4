import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import type { Engine, ImageFacts } from '../tools/docker/engine.js';
import { basesLabel, pullImage } from '../tools/docker/lines.js';
import type { BaseImage } from './job-state.js';

// The images that a Dockerfile names in FROM. A tag may point to another image later, so each image of ours has a label
// that names its base images.

/** The engine's present versions of these images. */
export async function basesNow(engine: Engine, names: readonly string[]): Promise<readonly BaseImage[]> {
  const found = await Promise.all(names.map((name) => engine.image(name)));
  return found.flatMap((image, index) =>
    image ? [{ name: names[index] ?? '', id: image.id, digests: image.digests }] : [],
  );
}

/** The label of an image that is built on these. */
export const labelOf = (base: readonly BaseImage[]): Record<string, string> =>
  base.length > 0 ? { [basesLabel]: base.map(({ name, id }) => `${name}=${id}`).join(' ') } : {};

export const isBuiltOn = ({ labels }: ImageFacts, { name, id }: BaseImage): boolean =>
  (labels[basesLabel] ?? '').split(' ').includes(`${name}=${id}`);

/** Pulls the newest versions of these images. An image that was made on this computer is in no registry: it is used as
 * it is.
 * @returns those that could not be pulled */
export async function pullBases(
  executor: Executor,
  engine: Engine,
  docker: string,
  names: readonly string[],
  io: Io,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, digests } of await basesNow(engine, names)) {
    if (digests.length === 0) continue;
    const { code } = await executor.attempt(pullImage(docker, name), io);
    if (code !== 0) failed.push(name);
  }
  return failed;
}
