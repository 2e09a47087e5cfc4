import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
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
import { verifyWritable } from '../../runs/writable.js';
import type { Io } from '../../shell/process.js';
import { pasteable, type Secret } from '../../shell/word.js';
import { checkoutOf } from '../../source/checkout.js';
import { ignoredFiles } from '../../source/ignored-files.js';
import { keepPin } from '../../source/keep.js';
import { refuseMissingFiles } from '../../source/missing-files.js';
import { type Pin, pinCommit } from '../../source/pin.js';
import type { Project } from '../../source/project.js';
import { pinSnapshot } from '../../source/snapshot.js';
import { verifyDockerArgs } from '../../targets/docker-args.js';
import { targetHere } from '../../targets/registry.js';
import { readSecrets } from '../deploy/secrets.js';
import { type Experiment, gitVersion, imageAt, ingredientsOf, inputFolders } from '../experiment.js';
import { newRecord } from '../receipt.js';
import { thisComputer } from '../records.js';
import type { Session } from '../session.js';
import { liveGit, noteIgnored, warnOfAbsent, warnOfLeftOut, warnOfLinksOut } from '../source-warnings.js';
import { gpusHere } from './gpus-here.js';

export interface RunRequest {
  readonly condition: Condition;
  /** Use a clean checkout of this commit instead of the live tree. */
  readonly clone: { readonly commit: string } | null;
  /** A folder that is mounted at /data, read-only. */
  readonly dataReadOnly: string | null;
  /** The job's terminal: `--interactive`, and `--tty` at a terminal. */
  readonly mode: readonly string[];
  readonly io: Io;
  /** Stops the job: SIGTERM, then SIGKILL. */
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
  // Warnings that do not need the image come before its build.
  warnOfLinksOut(session, inputFolders(experiment));
  for (const folder of [experiment.runs.folder, experiment.deployments.jobs]) verifyWritable(folder);
  const [pin, { engine, gpus }, version, ignored] = await Promise.all([
    pinFor(session, experiment, request.clone),
    engineHere(session, experiment),
    gitVersion(experiment),
    request.clone ? [] : ignoredFiles(project),
    verifyDockerArgs(executor, parameters.dockerCommand, parameters.dockerRunArgs),
  ]);
  warnOfLeftOut(session, pin.leftOut);
  noteIgnored(session, ignored);
  // Against git's garbage collection the commit is kept before anything is built of it.
  const [git, image] = await Promise.all([
    request.clone ? [] : liveGit(session, project, pin),
    imageAt(experiment, pin),
    warnOfAbsent(session, project, pin),
    keepPin(project, executor, pin),
  ]);
  const [ingredients, imageExists] = await Promise.all([
    ingredientsOf(session, experiment, pin, { live: !request.clone, image }),
    ensureImage(
      executor,
      experiment.engine,
      parameters.dockerCommand,
      project.root,
      imageOf({ image, source: pin, experiment }),
      { ...session.progress, warn: session.notify.warn },
    ),
  ]);
  const recipe = recipeOf(ingredients, request.condition);
  const checkout = request.clone ? await checkoutOf(project, pin.commit) : null;
  if (checkout && !executor.dryRun) await refuseMissingFiles(executor, checkout);
  const layout: Layout = {
    docker: parameters.dockerCommand,
    checkout,
    git,
    repository: project.root,
    inputs: Object.fromEntries(Object.entries(recipe.inputs).map(([name, { path }]) => [name, path])),
    deployment: null,
    dataReadOnly,
    imageExists,
    engineVersion: engine.version,
    rootless: engine.users === 'rootless',
  };
  const job = { recipe, layout, secrets, git: version, facts: { engine, gpus } };
  const { record, folder } = await prepare(session, experiment, job);
  executor.journal.mention(record.container_line);
  const { code, source } = await attached(session, experiment, { record, folder, pin, request });
  if (executor.dryRun) return { record, code: 0 };
  const state = stateLeftIn(folder, experiment.runs.pathOf(record.id));
  const final = { ...(state ? withState(record, state) : record), edited_during_run: source };
  settle(session, experiment, final, folder);
  return { record: final, code };
}

/** Records how it ended. A failed write is only a warning: the next look at the run writes it. */
function settle(session: Session, { runs }: Experiment, final: RunRecord, folder: string): void {
  try {
    runs.write(final);
    // The receipt now has everything that the job folder knew.
    if (hasEnded(final)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    const mend = error instanceof UserError ? error.suggestions : [];
    session.notify.warn(`The receipt could not be written yet: ${(error as Error).message}`, mend);
  }
}

interface Job {
  readonly recipe: Recipe;
  readonly layout: Layout;
  readonly secrets: readonly Secret[];
  readonly git: string;
  readonly facts: Pick<MachineFacts, 'engine' | 'gpus'>;
}

/** Records the run and creates its job folder. Rolls back if it throws. */
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
  const record = newRecord(session, recipe, { id, deployment: null, message: null, ...placing });
  const computer = thisComputer(session);
  try {
    runs.write(record);
    if (!executor.dryRun) executor.journal.keepIn(join(at.work, 'commands.sh'));
    const script = jobOf(recipe, at, ownGpus(recipe.gpus, facts.gpus));
    await computer.add(at.folder, `${sweepScript(sweepOf(recipe, layout))}${jobScript(script)}`);
    for (const secret of secrets) await computer.putSecret(script.containerName, secret);
  } catch (error) {
    // Nothing has started: roll back.
    runs.discard([id]);
    if (!executor.dryRun) rmSync(at.folder, { recursive: true, force: true });
    throw error;
  }
  return { record, folder: at.folder };
}

/** Runs the job on this terminal, and reads the working tree while the runner still cleans up.
 * @returns its exit code, and the commit of the working tree if it has changed since the start */
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
  const [ended, source] = await Promise.all([
    running,
    record.recipe.source.live ? editedSince(session, project, pin) : null,
  ]);
  return { code: ended.code, source };
}

/** A commit of the working tree if it was edited during the run: the job may have seen either version. A failure is
 * only a warning: the job has ended. */
async function editedSince(session: Session, project: Project, pin: Pin): Promise<string | null> {
  try {
    const now = await pinSnapshot(project, session.executor, 'leave out', pin);
    if (now.tree === pin.tree) return null;
    await keepPin(project, session.executor, now);
    return now.commit;
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n');
    session.notify.warn(
      `Whether the working tree changed during the run is not recorded, since the tree can no longer be read: ${why}`,
    );
    return null;
  }
}

/** The engine, and the GPUs that a job here can use. @throws DockerUnavailable, BrokenGpus */
async function engineHere(
  session: Session,
  { engine, parameters }: Experiment,
): Promise<Pick<MachineFacts, 'engine' | 'gpus'>> {
  const facts = await engine.facts();
  return { engine: facts, gpus: await gpusHere(session, facts, parameters.gpus) };
}

/** Between SIGTERM and SIGKILL when `run` itself gets a signal. */
const graceSeconds = 10;

const pinFor = ({ executor }: Session, { project }: Experiment, clone: RunRequest['clone']): Promise<Pin> =>
  clone ? pinCommit(project, clone.commit) : pinSnapshot(project, executor, 'leave out');

function existingFolder(given: string): string {
  const path = resolve(given);
  if (!existsSync(path))
    throw new UserError(`The data folder ${path} does not exist.`, [pasteable`mkdir -p ${path}`]);
  return path;
}
