import { ownLine, UserError } from '../errors.js';
import { renderCommand } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import type { Io } from '../shell/process.js';
import { installLines } from '../shell/programs.js';
import type { Engine } from '../tools/docker/engine.js';
import { buildImage, type ImagePlan } from '../tools/docker/lines.js';
import { git, reading } from '../tools/git/git.js';
import { ownFilters, passedOver } from '../tools/git/own-filters.js';
import { openGit } from '../tools/git/reads.js';

export class BuildFailed extends UserError {
  constructor(line: string, dockerfile: string, code: number, wantsBuildKit: boolean, lacks: string) {
    super(
      `The image could not be built: docker build ended with exit code ${code}. Its output is above.${lacks && `\n${lacks}`}`,
      [
        ...(wantsBuildKit ? installLines('docker-buildx') : []),
        line,
        ownLine('build', [], `again, after a change of ${dockerfile}`),
      ],
    );
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
  // A job in `run` can write the repository's configuration: no program that only it names runs here.
  const listing = await openGit(repository).raw('config', '--list', '--show-scope', '-z');
  const build = buildImage(docker, repository, image, fresh, passedOver(ownFilters(listing)));
  const lacks = await lackOf(executor, repository, image.tree);
  if (lacks) io.onStderr?.(Buffer.from(`${lacks}\n`));
  let wantsBuildKit = false;
  const onStderr = (chunk: Buffer) => {
    // What the old builder says of a Dockerfile that is too new for it.
    wantsBuildKit ||= chunk.includes('option requires BuildKit');
    io.onStderr?.(chunk);
  };
  const outcome = await executor.attempt(build, { ...io, onStderr });
  if (outcome.code !== 0)
    throw new BuildFailed(renderCommand(build), image.dockerfile, outcome.code, wantsBuildKit, lacks);
  return true;
}

/** What `git archive` leaves out of the context, in a sentence; '' for nothing. */
async function lackOf(executor: Executor, repository: string, tree: string): Promise<string> {
  const list = git(repository, ['ls-tree', '-r', '--full-tree', '-z', tree], reading);
  const entries = (await executor.query(list, ofLongReads)).stdout.split('\0');
  const submodules = entries.filter((entry) => entry.startsWith('160000 '));
  const names = submodules.map((entry) => entry.slice(entry.indexOf('\t') + 1)).join(', ');
  return (
    names &&
    `The build context has no files of submodules: to COPY, these folders are empty: ${names}. The job has them under /project.`
  );
}
