import type { Condition } from '../experiment/condition.js';
import { selectConditions } from '../experiment/select.js';
import { here } from '../machines/connection.js';
import { findGpus } from '../machines/gpus.js';
import { slots } from '../machines/slots.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../source/pin.js';
import { pinSnapshot } from '../source/snapshot.js';
import { type Experiment, planImage, targetOf } from './experiment.js';
import { type ExperimentStatus, observe } from './observe.js';
import {
  LiveAtAnotherCommit,
  NoConditions,
  NothingToRetry,
  type Planned,
  planDeployment,
} from './plan-deployment.js';
import { fingerprint, gatherFacts, type RunFacts } from './run-facts.js';
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
export async function decide(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
): Promise<DeployPlan> {
  const { parameters, runs, folder } = experiment;
  targetOf(session, experiment, request.target);
  readSecrets(parameters.secrets, session.env);
  const wanted = wantedConditions(parameters.conditions, request, `${folder}/parameters.json`);
  const engine = experiment.engine.facts();
  // Where something else fails before, that is what is told.
  engine.catch(() => {});
  const status = await observe(session, experiment);
  const last = status.deployment;
  if (request.retryFailed && !last) throw new NothingToRetry();
  const pin = await pinFor(session, experiment, request, status.live ? last : null);
  const facts = await gatherFacts(session, experiment, pin, planImage(experiment, pin), engine);
  if (last && status.live && (last.source_id !== facts.sourceId || last.target !== request.target))
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
    live: status.live,
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

const isNewest = (job: DeployedJob, status: ExperimentStatus) =>
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
