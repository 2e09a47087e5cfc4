import { ensureImage } from '../machines/image.js';
import { imageOf } from '../recipe/scripts.js';
import type { Io } from '../shell/process.js';
import { Engine } from '../tools/docker/engine.js';
import type { TargetContext } from './context.js';
import type { Bundle, LaunchedJob } from './target.js';

/** Builds images on this computer that will be sent to machines, unless they exist. @throws BuildFailed */
export async function buildHere(
  context: TargetContext,
  { transport, source, parameters: { dockerCommand } }: Bundle,
  jobs: readonly LaunchedJob[],
  io: Io,
): Promise<void> {
  if (transport !== 'ssh') return;
  await ensureImages(context, dockerCommand, source.repository, jobs, io);
}

/** Builds the images of these jobs on this computer, unless they exist. @throws BuildFailed */
export async function ensureImages(
  { executor, env, note }: Pick<TargetContext, 'executor' | 'env' | 'note'>,
  docker: string,
  repository: string,
  jobs: readonly LaunchedJob[],
  io: Io,
): Promise<void> {
  const engine = new Engine(executor, docker, env);
  const images = new Map(jobs.map(({ recipe }) => [recipe.image.tag, imageOf(recipe)]));
  for (const image of images.values())
    await ensureImage(executor, engine, docker, repository, image, { ...io, warn: note });
}
