import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Condition } from '../experiment/condition.js';
import { conditionFromArgv } from '../experiment/condition.js';
import { selectConditions } from '../experiment/select.js';
import { here } from '../machines/connection.js';
import { findGpus } from '../machines/gpus.js';
import { BuildFailed } from '../machines/image.js';
import { jobScript, known, type SweepScript } from '../machines/job-script.js';
import { slots } from '../machines/slots.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { hasEnded, type RunRecord } from '../runs/run-record.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../source/pin.js';
import { pinSnapshot } from '../source/snapshot.js';
import type { LaunchedJob, Sweep } from '../targets/target.js';
import { type Experiment, planImage, targetOf } from './experiment.js';
import { observe } from './observe.js';
import {
  LiveAtAnotherCommit,
  NoConditions,
  NothingToRetry,
  type Planned,
  planDeployment,
} from './plan-deployment.js';
import { fingerprint, gatherFacts, newRecord, type RunFacts, scriptOf, sweepOf } from './prepare-run.js';
import { readSecrets } from './secrets.js';
import type { Session } from './session.js';

export interface DeployRequest {
  readonly target: string;
  /** Condition ids, or beginnings of them; empty: all. */
  readonly only: readonly string[];
  readonly first: number | null;
  readonly slots: number | null;
  readonly commit: string | null;
  readonly snapshot: boolean;
  /** Decided on already; it goes before the three ways above. */
  readonly pin: Pin | null;
  readonly force: boolean;
  readonly retryFailed: boolean;
}

/** A deployment that is decided on and not yet begun. */
export interface DeployPlan extends Planned {
  readonly pin: Pin;
  readonly facts: RunFacts;
  readonly target: string;
  readonly slots: readonly string[];
  /** The deployment that the conditions join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that were recorded and never arrived, a crash being between. */
  readonly undelivered: readonly DeployedJob[];
}

/** Decides what a deployment would do. Changes nothing but, with `--snapshot`, git's objects.
 *  @throws NoConditions, DirtyTree, LiveAtAnotherCommit, NothingToRetry, NotInCommit */
export async function plan(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
): Promise<DeployPlan> {
  const { parameters, runs, folder } = experiment;
  targetOf(session, experiment, request.target);
  readSecrets(parameters.secrets, session.env);
  const wanted = wantedConditions(parameters.conditions, request, `${folder}/parameters.json`);
  const status = await observe(session, experiment);
  const last = status.deployment;
  if (request.retryFailed && !last) throw new NothingToRetry();
  const pin = await pinFor(session, experiment, request, status.live ? last : null);
  const facts = await gatherFacts(session, experiment, pin, await planImage(experiment, pin));
  if (last && status.live && last.source_id !== facts.sourceId)
    throw new LiveAtAnotherCommit(last, pin.commit);
  const same =
    last !== null &&
    last.released === null &&
    last.source_id === facts.sourceId &&
    last.target === request.target;
  const joins = same ? last : null;
  const deployed = new Set((request.retryFailed ? last : joins)?.jobs.map((job) => job.run));
  const gpus = await findGpus(session.executor, here(''), facts.engine);
  const planned = planDeployment({
    conditions: wanted,
    fingerprint: (condition) => fingerprint(facts, condition),
    records: runs.list(),
    deployed,
    force: request.force,
    retryFailed: request.retryFailed,
  });
  const arrived = new Set(status.conditions.flatMap((row) => (row.report?.state ? [row.record?.id] : [])));
  return {
    ...planned,
    pin,
    facts,
    target: request.target,
    slots: slots(parameters.gpus, gpus, facts.engine, request.slots ?? undefined).slice(
      0,
      Math.max(1, planned.run.length, joins?.slots.length ?? 0),
    ),
    joins,
    undelivered:
      status.live && joins ? joins.jobs.filter((job) => !arrived.has(job.run) && isNewest(job, status)) : [],
  };
}

const isNewest = (job: DeployedJob, status: Awaited<ReturnType<typeof observe>>) =>
  status.conditions.some((row) => row.record?.id === job.run && !hasEnded(row.record));

function wantedConditions(
  all: readonly Condition[],
  request: DeployRequest,
  path: string,
): readonly Condition[] {
  if (all.length === 0) throw new NoConditions(path);
  const chosen = request.only.length > 0 ? selectConditions(all, request.only) : all;
  return request.first === null ? chosen : chosen.slice(0, request.first);
}

async function pinFor(
  session: Session,
  { project, parametersFile, deployments }: Experiment,
  request: DeployRequest,
  live: Deployment | null,
): Promise<Pin> {
  if (request.pin) return request.pin;
  if (request.retryFailed) return pinCommit(project, deployments.read()?.commit ?? 'HEAD');
  if (request.commit) return pinCommit(project, request.commit);
  if (request.snapshot) return pinSnapshot(project, session.executor, 'refuse');
  try {
    return await pinHead(project, parametersFile);
  } catch (error) {
    // With a live deployment the way that people look for first is the one back to it.
    if (live && error instanceof DirtyTree) {
      throw new DirtyTree(error.changed, project.root, live.commit);
    }
    throw error;
  }
}

/** Records the deployment, then brings it about: after a crash in between, the same again delivers the rest.
 *  Returns when every job is delivered. @throws BuildFailed, with nothing left of a deployment that was new */
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

  const id = decided.joins?.id ?? newId(session);
  const sweep: Sweep = {
    ...sweepOf(decided.facts, {
      project: [known.job, '/source'],
      data: [known.job, '/data'],
      deployment: id,
    }),
    project: experiment.project.root,
    commit: decided.pin.commit,
    secrets: readSecrets(parameters.secrets, session.env),
  };
  const claimed = decided.run.map((condition) => {
    const run = runs.claim(condition.id, session.now());
    return { condition, job: { run, condition: condition.id, folder: target.jobFolder(run) } };
  });
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
  deployments.write(deployment);
  if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
  const jobs = [
    ...claimed.map(({ condition, job }) => launched(condition, job, recordOf(condition, job))),
    ...decided.undelivered.map((job) => redelivered(job)),
  ];
  try {
    await target.launch(deployment, sweep, jobs, session.progress);
  } catch (error) {
    if (error instanceof BuildFailed) {
      runs.discard(claimed.map(({ job }) => job.run));
      deployments.write(decided.joins ?? { ...deployment, jobs: [], released: session.now().toISOString() });
    }
    throw error;
  }
  return deployment;

  function recordOf(condition: Condition, job: DeployedJob): RunRecord {
    const source = { repository: sweep.project, commit: sweep.commit };
    const script: SweepScript = { ...sweep, source, contextRepository: sweep.project };
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
