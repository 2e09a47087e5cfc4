import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Condition, conditionFromArgv } from '../experiment/condition.js';
import { BuildFailed } from '../machines/image.js';
import { jobScript, known, type SweepScript } from '../machines/job-script.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/run-record.js';
import { checkoutOf, refuseMissingFiles } from '../source/checkout.js';
import type { LaunchedJob, Sweep } from '../targets/target.js';
import { baseImages } from './base-images.js';
import type { DeployPlan } from './decide-deployment.js';
import { type Experiment, targetOf } from './experiment.js';
import { newRecord } from './receipt.js';
import { scriptOf, sweepOf } from './scripts.js';
import { readSecrets } from './secrets.js';
import type { Session } from './session.js';

/** Records the deployment, then brings it about: after a crash in between, the same again delivers the rest.
 *  Returns when every job is delivered. @throws BuildFailed, and what kept it from being recorded, with nothing
 *  left of a deployment that was new */
export async function deploy(
  session: Session,
  experiment: Experiment,
  decided: DeployPlan,
): Promise<Deployment> {
  const { runs, deployments, parameters } = experiment;
  const before = deployments.read();
  const target = targetOf(session, experiment, decided.target);
  if (before && before.released === null && !decided.joins)
    await targetOf(session, experiment, before.target).release(before);

  if (!decided.joins) deployments.setCommandsAside(before);
  const id = decided.joins?.id ?? newId(session);
  const sweep: Sweep = {
    ...sweepOf(decided.facts, {
      project: [known.job, '/source'],
      data: [known.job, '/data'],
      deployment: id,
    }),
    source: await checkoutOf(experiment.project, decided.pin.commit),
    secrets: readSecrets(parameters.secrets, session.env),
  };
  if (!session.executor.dryRun) await refuseMissingFiles(sweep.source);
  const claimed = claim();
  const deployment: Deployment = {
    schema: 1,
    id,
    experiment: parameters.experimentName,
    experiment_path: experiment.path,
    target: decided.target,
    commit: decided.joins?.commit ?? decided.pin.commit,
    source_id: decided.facts.sourceId,
    created: decided.joins?.created ?? session.now().toISOString(),
    released: null,
    slots: decided.slots,
    docker: parameters.dockerCommand,
    parameters_file: experiment.parametersText,
    jobs: [...(decided.joins?.jobs ?? []), ...claimed.map(({ job }) => job)],
  };
  let jobs: LaunchedJob[] | undefined;
  try {
    deployments.write(deployment);
    if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
    jobs = [
      ...claimed.map(({ condition, job }) => launched(condition, job, recordOf(condition, job))),
      ...decided.undelivered.map((job) => redelivered(job)),
    ];
    await target.launch(deployment, sweep, jobs, session.progress);
  } catch (error) {
    if (!jobs || error instanceof BuildFailed) takeBack();
    throw error;
  }
  await recordBase();
  return deployment;

  /** A folder for each run, or for none. */
  function claim(): { condition: Condition; job: DeployedJob }[] {
    const made: { condition: Condition; job: DeployedJob }[] = [];
    try {
      for (const condition of decided.run) {
        const run = runs.claim(condition.id, session.now());
        made.push({ condition, job: { run, condition: condition.id, folder: target.jobFolder(run) } });
      }
    } catch (error) {
      runs.discard(made.map(({ job }) => job.run));
      throw error;
    }
    return made;
  }

  /** Nothing has begun: half a deployment is none. */
  function takeBack(): void {
    runs.discard(claimed.map(({ job }) => job.run));
    deployments.write(decided.joins ?? { ...deployment, jobs: [], released: session.now().toISOString() });
  }

  /** What the image builds on may have come with the build. */
  async function recordBase(): Promise<void> {
    const base = await baseImages(experiment, decided.facts.image);
    if (base.length === decided.facts.base.length) return;
    for (const { job } of claimed) {
      const record = runs.read(job.run);
      if (record) runs.write({ ...record, image: { ...record.image, base } });
    }
  }

  function recordOf(condition: Condition, job: DeployedJob): RunRecord {
    const script: SweepScript = { ...sweep, contextRepository: sweep.source.repository };
    const how = { id: job.run, folder: job.folder, sweep: script, deployment: id };
    const record = newRecord(session, decided.facts, condition, {
      ...how,
      target: decided.target,
      machine: hostname(),
      live: false,
    });
    runs.write(record);
    return record;
  }

  function redelivered(job: DeployedJob) {
    const condition =
      parameters.conditions.find((one) => one.id === job.condition) ??
      conditionFromArgv(runs.read(job.run)?.argv ?? []);
    return launched(condition, job, runs.read(job.run) ?? recordOf(condition, job));
  }
}

function launched(condition: Condition, job: DeployedJob, record: RunRecord): LaunchedJob {
  const script = scriptOf(record, condition, job.folder);
  return { ...job, record, script: jobScript(script), containerName: script.containerName };
}

/** Sorts by time; also part of the names of what the deployment makes. */
const newId = (session: Session) =>
  `${session.now().toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}-${randomBytes(3).toString('hex')}`;
