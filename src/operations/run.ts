import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { Condition } from '../experiment/condition.js';
import { here } from '../machines/connection.js';
import { findGpus } from '../machines/gpus.js';
import { ensureImage } from '../machines/image.js';
import { jobScript, known, type SweepScript, sweepScript } from '../machines/job-script.js';
import { Machine } from '../machines/machine.js';
import { ownGpus } from '../machines/slots.js';
import { currentUser } from '../machines/user.js';
import { type RunRecord, withState } from '../runs/run-record.js';
import type { Io } from '../shell/process.js';
import { pasteable } from '../shell/word.js';
import { checkoutOf, refuseMissingFiles } from '../source/checkout.js';
import { keepPin } from '../source/keep.js';
import { type Pin, pinCommit } from '../source/pin.js';
import { pinSnapshot } from '../source/snapshot.js';
import { type Experiment, type ExperimentImage, planImage, runnerTemplate } from './experiment.js';
import { newRecord } from './receipt.js';
import { gatherFacts } from './run-facts.js';
import { scriptOf, sweepOf } from './scripts.js';
import { readSecrets } from './secrets.js';
import type { Session } from './session.js';

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
  const { parameters, project, runs } = experiment;
  const dataReadOnly = request.dataReadOnly && existingFolder(request.dataReadOnly);
  const secrets = readSecrets(parameters.secrets, session.env);
  const [pin, engine] = await Promise.all([
    pinFor(session, experiment, request.clone),
    experiment.engine.facts(),
  ]);
  if (pin.leftOut.length > 0)
    session.notify.warn(`Not in the receipt's snapshot, being over 50 MB: ${pin.leftOut.join(', ')}`);
  const facts = await gatherFacts(session, experiment, pin, ready());

  const checkout = request.clone ? await checkoutOf(project, pin.commit) : null;
  if (checkout && !executor.dryRun) await refuseMissingFiles(checkout);
  const id = runs.claim(request.condition.id, session.now());
  const folder = runs.pathOf(id);
  const sweep: SweepScript = {
    ...sweepOf(facts, parameters.dockerCommand, {
      project: request.clone ? [known.job, '/source'] : project.root,
      data: dataReadOnly ?? [known.job, '/data'],
      dataReadOnly: dataReadOnly !== null,
    }),
    source: checkout,
    contextRepository: project.root,
    imageIsThere: true,
  };
  const gpus = await findGpus(executor, here(hostname()), engine);
  const how = {
    id,
    folder,
    sweep,
    deployment: null,
    target: 'local',
    machine: { name: hostname(), user: currentUser(), engine, gpus },
    live: !request.clone,
  };
  const record = newRecord(session, facts, request.condition, how);
  const machine = new Machine(executor, here(hostname()), runnerTemplate(session));
  try {
    runs.write(record);
    if (!executor.dryRun) executor.journal.keepIn(join(folder, 'commands.sh'));
    await keepPin(project, executor, pin);
    const script = scriptOf(record, request.condition, folder, ownGpus(parameters.gpus, gpus));
    await machine.add(null, folder, `${sweepScript(sweep)}${jobScript(script)}`);
    for (const secret of secrets) await machine.putSecret(script.containerName, secret);
  } catch (error) {
    // Nothing has begun: half a run is no run.
    runs.discard([id]);
    throw error;
  }
  executor.journal.mention(record.container_line);
  const end = () => machine.stop(null, graceSeconds, [folder]).catch(() => {});
  request.stop.addEventListener('abort', end, { once: true });
  let onExit = () => {};
  const exited = new Promise<void>((resolve) => {
    onExit = resolve;
  });
  const running = machine.run(folder, request.mode, { ...request.io, onExit });
  // While the runner still tidies up, what is left to do here begins.
  await Promise.race([exited, running]);
  request.stop.removeEventListener('abort', end);
  if (executor.dryRun) {
    if (!request.clone) await sourceAtEnd(record);
    return { record, code: 0 };
  }

  const [{ code }, { jobs }, source] = await Promise.all([
    running,
    machine.report(null, [folder]),
    request.clone ? record.source : sourceAtEnd(record),
  ]);
  const state = jobs[0]?.state;
  const final = { ...(state ? withState(record, state) : record), source };
  runs.write(final);
  return { record: final, code };

  /** The image, built if it was not there. */
  async function ready(): Promise<ExperimentImage> {
    const image = await planImage(experiment, pin);
    const { dockerCommand } = parameters;
    await ensureImage(executor, experiment.engine, dockerCommand, project.root, image, session.progress);
    return image;
  }

  /** A tree edited while the job ran is a commit too: the run may have seen any of both. */
  async function sourceAtEnd({ source }: RunRecord): Promise<RunRecord['source']> {
    const now = await pinSnapshot(project, executor, 'leave out', pin);
    if (now.tree === source.tree) return source;
    await keepPin(project, executor, now);
    return { ...source, edited_during_run: now.commit };
  }
}

/** Between SIGTERM and SIGKILL where the run itself is told to end. */
const graceSeconds = 10;

function pinFor(session: Session, { project }: Experiment, clone: RunRequest['clone']): Promise<Pin> {
  return clone ? pinCommit(project, clone.commit) : pinSnapshot(project, session.executor, 'leave out');
}

function existingFolder(given: string): string {
  const path = resolve(given);
  if (!existsSync(path))
    throw new UserError(`The data folder ${path} does not exist.`, [pasteable`mkdir -p ${path}`]);
  return path;
}
