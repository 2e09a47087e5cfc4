import { UserError } from '../errors.js';
import { renderCommand } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import { installLines } from '../shell/programs.js';
import { buildImage, type ImagePlan } from '../tools/docker/command-line.js';
import type { Engine } from '../tools/docker/engine.js';

export class BuildFailed extends UserError {
  constructor(line: string, dockerfile: string, code: number, wantsBuildKit = false) {
    super(`The image could not be built: docker build ended with exit code ${code}. Its output is above.`, [
      ...(wantsBuildKit ? installLines('docker-buildx') : []),
      line,
      `logistician build    # again, after a change of ${dockerfile}`,
    ]);
  }
}

/** Builds the image unless there is one of its tag, which names the git tree that it comes from.
 *  @param repository holds that tree.
 *  @returns whether it was built now. @throws BuildFailed */
export async function ensureImage(
  executor: Executor,
  engine: Engine,
  docker: string,
  repository: string,
  image: ImagePlan,
  { fresh = false, ...io }: Io & { readonly fresh?: boolean } = {},
): Promise<boolean> {
  if (!fresh && (await engine.image(image.tag))) return false;
  const build = buildImage(docker, repository, image, fresh);
  let wantsBuildKit = false;
  const onStderr = (chunk: Buffer) => {
    // What the old builder says of a Dockerfile that is too new for it.
    wantsBuildKit ||= chunk.includes('option requires BuildKit');
    io.onStderr?.(chunk);
  };
  const outcome = await executor.attempt(build, { ...io, onStderr });
  if (outcome.code !== 0)
    throw new BuildFailed(renderCommand(build), image.dockerfile, outcome.code, wantsBuildKit);
  return true;
}
