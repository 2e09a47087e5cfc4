import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import { here } from '../../machines/connection.js';
import { findGpus } from '../../machines/gpus.js';
import { ensureImage } from '../../machines/image.js';
import { jobScript, sweepScript } from '../../machines/job-script.js';
import type { MachineFacts } from '../../machines/machine-facts.js';
import { ownGpus } from '../../machines/slots.js';
import { currentUser } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import { recipeOf } from '../../recipe/recipe-of.js';
import { containerText, imageOf, jobOf, type Layout, sweepOf } from '../../recipe/scripts.js';
import { stateLeftIn } from '../../runs/lost-data.js';
import { hasEnded, type RunRecord, withState } from '../../runs/record.js';
import type { Io } from '../../shell/process.js';
import { pasteable, type Secret } from '../../shell/word.js';
import { checkoutOf, refuseMissingFiles } from '../../source/checkout.js';
import { keepPin } from '../../source/keep.js';
import { type Pin, pinCommit } from '../../source/pin.js';
import type { Project } from '../../source/project.js';
import { pinSnapshot } from '../../source/snapshot.js';
import { targetHere } from '../../targets/registry.js';
import { readSecrets } from '../deploy/secrets.js';
import { type Experiment, gitVersion, imageAt, ingredientsOf } from '../experiment.js';
import { newRecord } from '../receipt.js';
import { thisComputer } from '../records.js';
import type { Session } from '../session.js';

export interface RunRequest {
  readonly condition: Condition;
  /** A clean checkout instead of the live tree, of this commit. */
  readonly clone: { readonly commit: string } | null;
  /** A folder that the job sees at /data, for reading only. */
  readonly dataReadOnly: string | null;
  /** The job's terminal: `--interactive`, and `--tty` where there is one. */
  readonly mode: readonly string[];
  readonly io: Io;
  /** Ends the job, gently at first. */
  readonly stop: AbortSignal;
}

/** Runs one condition here and waits for its end.
 *  @returns its receipt and the exit code of the job, or of Docker if there was none. */
export async function run(
  session: Session,
  experiment: Experiment,
  request: RunRequest,
): Promise<{ record: RunRecord; code: number }> {
  const { executor } = session;
  const { parameters, project } = experiment;
  experiment.runs.refuseLinks();
  const dataReadOnly = request.dataReadOnly && existingFolder(request.dataReadOnly);
  const secrets = readSecrets(parameters.secrets, session.env);
  const [pin, engine, git] = await Promise.all([
    pinFor(session, experiment, request.clone),
    experiment.engine.facts(),
    gitVersion(experiment),
  ]);
  if (pin.leftOut.length > 0)
    session.notify.warn(`Not in the receipt's snapshot, being over 50 MB: ${pin.leftOut.join(', ')}`);
  const image = readyImage(session, experiment, pin);
  const recipe = recipeOf(
    await ingredientsOf(experiment, pin, { live: !request.clone, image }),
    request.condition,
  );
  const checkout = request.clone ? await checkoutOf(project, pin.commit) : null;
  if (checkout && !executor.dryRun) await refuseMissingFiles(checkout);
  const gpus = await findGpus(executor, here(hostname()), engine);
  const layout: Layout = {
    docker: parameters.dockerCommand,
    checkout,
    repository: project.root,
    inputs: Object.fromEntries(Object.entries(recipe.inputs).map(([name, { path }]) => [name, path])),
    deployment: null,
    dataReadOnly,
    imageExists: true,
    engineVersion: engine.version,
  };
  const facts = { engine, gpus };
  const { record, folder } = await prepare(session, experiment, { recipe, layout, secrets, git, facts });
  executor.journal.mention(record.container_line);
  const { code, source } = await attached(session, experiment, { record, folder, pin, request });
  if (executor.dryRun) return { record, code: 0 };
  const state = stateLeftIn(folder, experiment.runs.pathOf(record.id));
  const final = { ...(state ? withState(record, state) : record), edited_during_run: source };
  experiment.runs.write(final);
  // All that is known of it is in its receipt now.
  if (hasEnded(final)) rmSync(folder, { recursive: true, force: true });
  return { record: final, code };
}

interface Job {
  readonly recipe: Recipe;
  readonly layout: Layout;
  readonly secrets: readonly Secret[];
  readonly git: string;
  readonly facts: Pick<MachineFacts, 'engine' | 'gpus'>;
}

/** Writes the run down and lays out its job folder. @throws what kept it from that, with nothing left of it */
async function prepare(
  session: Session,
  { runs, deployments, parameters, parametersText }: Experiment,
  { recipe, layout, secrets, git, facts }: Job,
): Promise<{ record: RunRecord; folder: string }> {
  const { executor } = session;
  deployments.prepare();
  const id = runs.claim(recipe.condition.id, session.now(), parametersText);
  const at = { run: id, folder: join(deployments.jobs, id), work: runs.pathOf(id) };
  const machine = { name: hostname(), user: currentUser(), ...facts };
  const placed = { folder: at.folder, work: at.work, line: containerText(recipe, layout, at, machine.user) };
  const placing = { target: targetHere, machine, placed, git, docker: parameters.dockerCommand };
  const record = newRecord(session, recipe, { id, deployment: null, ...placing });
  const computer = thisComputer(session);
  try {
    runs.write(record);
    if (!executor.dryRun) executor.journal.keepIn(join(at.work, 'commands.sh'));
    const script = jobOf(recipe, at, ownGpus(recipe.gpus, facts.gpus));
    await computer.add(at.folder, `${sweepScript(sweepOf(recipe, layout))}${jobScript(script)}`);
    for (const secret of secrets) await computer.putSecret(script.containerName, secret);
  } catch (error) {
    // Nothing has begun: half a run is no run.
    runs.discard([id]);
    if (!executor.dryRun) rmSync(at.folder, { recursive: true, force: true });
    throw error;
  }
  return { record, folder: at.folder };
}

/** Runs the job on this terminal, and looks at the tree while the runner still tidies up.
 *  @returns its exit code, and the commit of the live tree if it is another than at the beginning */
async function attached(
  session: Session,
  { project }: Experiment,
  { record, folder, pin, request }: { record: RunRecord; folder: string; pin: Pin; request: RunRequest },
): Promise<{ code: number; source: string | null }> {
  const computer = thisComputer(session);
  const end = () => computer.stop(null, graceSeconds, [folder]).catch(() => {});
  request.stop.addEventListener('abort', end, { once: true });
  let onExit = () => {};
  const exited = new Promise<void>((resolve) => {
    onExit = resolve;
  });
  const running = computer.run(folder, request.mode, { ...request.io, onExit });
  await Promise.race([exited, running]);
  request.stop.removeEventListener('abort', end);
  const source = record.recipe.source.live ? await editedSince(session, project, pin) : null;
  return { code: (await running).code, source };
}

/** A tree edited while the job ran is a commit too: the run may have seen any of both. */
async function editedSince(session: Session, project: Project, pin: Pin): Promise<string | null> {
  const now = await pinSnapshot(project, session.executor, 'leave out', pin);
  if (now.tree === pin.tree) return null;
  await keepPin(project, session.executor, now);
  return now.commit;
}

/** The image, built if it does not exist, once the commit is kept that the run is recorded with: from git's own cleaning.
 *  @throws BuildFailed */
async function readyImage(
  { executor, progress }: Session,
  experiment: Experiment,
  pin: Pin,
): Promise<Recipe['image']> {
  const { project, parameters, engine } = experiment;
  const [image] = await Promise.all([imageAt(experiment, pin), keepPin(project, executor, pin)]);
  await ensureImage(executor, engine, parameters.dockerCommand, project.root, imageOf({ image }), progress);
  return image;
}

/** Between SIGTERM and SIGKILL where the run itself is told to end. */
const graceSeconds = 10;

const pinFor = ({ executor }: Session, { project }: Experiment, clone: RunRequest['clone']): Promise<Pin> =>
  clone ? pinCommit(project, clone.commit) : pinSnapshot(project, executor, 'leave out');

function existingFolder(given: string): string {
  const path = resolve(given);
  if (!existsSync(path))
    throw new UserError(`The data folder ${path} does not exist.`, [pasteable`mkdir -p ${path}`]);
  return path;
}
