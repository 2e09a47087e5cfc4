import { type Command, command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import type { Io } from '../shell/process.js';
import { linesThatInstall } from '../shell/programs.js';
import { buildImage } from '../tools/docker/build-line.js';
import type { Engine } from '../tools/docker/engine.js';
import type { ImagePlan } from '../tools/docker/lines.js';
import { git, reading } from '../tools/git/git.js';
import { basesNow, isBuiltOn, labelOf, pullBases } from './base-images.js';
import { BuildFailed, type BuildPlan } from './build-failed.js';
import type { BaseImage } from './job-state.js';

interface Building extends Io {
  readonly fresh?: boolean;
  /** Warns of files that the build lacks, and of the reason why an existing image is built again. */
  readonly warn?: (text: string) => void;
}

export interface Ensured {
  /** Whether it was built now. */
  readonly built: boolean;
  /** Its base images, as far as the engine has them. */
  readonly base: readonly BaseImage[];
}

/** Builds the image, unless an image with its tag (which names its git tree) exists and its bases have not changed.
 * @param repository the one with that tree.
 * @param fresh always build, on the newest bases. @throws BuildFailed */
export async function ensureImage(
  executor: Executor,
  engine: Engine,
  docker: string,
  repository: string,
  image: ImagePlan,
  { fresh = false, warn = () => {}, ...io }: Building = {},
): Promise<Ensured> {
  if (fresh)
    for (const name of await pullBases(executor, engine, docker, image.bases, io)) warn(notFetched(name));
  const [found, base] = await Promise.all([
    fresh ? null : engine.image(image.tag),
    basesNow(engine, image.bases),
  ]);
  const other = found && base.find((one) => !isBuiltOn(found, one));
  if (found && !other) return { built: false, base };
  if (other) warn(`${other.name} has changed since: ${image.tag} is built again.`);
  const lacks = await lackOf(executor, repository, image.tree);
  if (lacks) warn(lacks);
  const build = async (on: readonly BaseImage[], isFresh: boolean) => {
    const labels = { ...image.labels, ...labelOf(on) };
    await buildOnce(
      executor,
      buildImage(docker, repository, { ...image, labels }, isFresh),
      {
        dockerfile: image.dockerfile,
        absent: image.bases.filter((name) => !on.some((one) => one.name === name)),
      },
      lacks,
      io,
    );
  };
  await build(base, fresh);
  // Images that the build itself pulled have an id only now; the second build finds every layer of the first.
  const after = executor.dryRun ? base : await basesNow(engine, image.bases);
  if (after.some((one) => !base.some(({ id }) => id === one.id))) await build(after, false);
  return { built: true, base: after };
}

const notFetched = (name: string): string => `${name} could not be pulled: the local version is used.`;

/** How much of a build's output is kept for its error, in characters. */
const mostSaid = 8000;

/** @param lacks a sentence about files that the context lacks. @throws BuildFailed */
async function buildOnce(
  executor: Executor,
  build: Command,
  plan: BuildPlan,
  lacks: string,
  io: Io,
): Promise<void> {
  let wantsBuildKit = false;
  let said = '';
  const keeping = (pass: Io['onStdout']) => (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-mostSaid);
    // The old builder's message about a Dockerfile that needs BuildKit.
    wantsBuildKit ||= chunk.includes('option requires BuildKit');
    pass?.(chunk);
  };
  const { code } = await executor.attempt(build, {
    ...io,
    onStdout: keeping(io.onStdout),
    onStderr: keeping(io.onStderr),
  });
  if (code !== 0) {
    const ask = async (...argv: string[]) => (await executor.query(command(...argv))).stdout;
    const install = wantsBuildKit ? await linesThatInstall('docker-buildx', ask) : [];
    throw new BuildFailed(plan, code, said, install, lacks);
  }
}

/** A sentence about submodules, whose files are not in the checkout of a tree; '' if there are none. */
async function lackOf(executor: Executor, repository: string, tree: string): Promise<string> {
  const list = git(repository, ['ls-tree', '-r', '--full-tree', '-z', tree], reading);
  const entries = (await executor.query(list, ofLongReads)).stdout.split('\0');
  const submodules = entries.filter((entry) => entry.startsWith('160000 '));
  const names = submodules.map((entry) => entry.slice(entry.indexOf('\t') + 1)).join(', ');
  return (
    names &&
    `The build context has no files of submodules, so COPY finds these folders empty: ${names}. The job has the files under /project.`
  );
}
