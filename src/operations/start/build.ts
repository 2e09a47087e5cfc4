import { ensureImage } from '../../machines/image.js';
import { imageOf } from '../../recipe/scripts.js';
import { pinCommit } from '../../source/pin.js';
import { pinSnapshot } from '../../source/snapshot.js';
import type { ImagePlan } from '../../tools/docker/lines.js';
import { type Experiment, imageAt } from '../experiment.js';
import type { Session } from '../session.js';

export interface BuiltImage extends Pick<ImagePlan, 'tag' | 'tree' | 'dockerfile'> {
  /** null in a dry run. */
  readonly id: string | null;
  /** Whether it was built now. */
  readonly built: boolean;
}

/** Builds the experiment's image from the working tree or a commit, unless it exists. @throws BuildFailed */
export async function build(
  session: Session,
  experiment: Experiment,
  { commit, fresh }: { readonly commit?: string | undefined; readonly fresh?: boolean } = {},
): Promise<BuiltImage> {
  const { project, parameters, engine } = experiment;
  const pin = commit
    ? await pinCommit(project, commit)
    : await pinSnapshot(project, session.executor, 'leave out');
  const plan = await imageAt(experiment, pin).then((image) => imageOf({ image, source: pin, experiment }));
  const io = { ...session.progress, warn: session.notify.warn, fresh: fresh ?? false };
  const { built } = await ensureImage(
    session.executor,
    engine,
    parameters.dockerCommand,
    project.root,
    plan,
    io,
  );
  const image = session.executor.dryRun ? null : await engine.image(plan.tag);
  return { tag: plan.tag, tree: plan.tree, dockerfile: plan.dockerfile, id: image?.id ?? null, built };
}
