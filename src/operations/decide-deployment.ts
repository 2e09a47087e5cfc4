import { UserError } from '../errors.js';
import type { Condition } from '../experiment/condition.js';
import { selectConditions } from '../experiment/select.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import { hasEnded } from '../runs/run-record.js';
import { checkoutOf } from '../source/checkout.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../source/pin.js';
import { pinSnapshot } from '../source/snapshot.js';
import type { FoundMachine, MachineProblem } from '../targets/target.js';
import type { Checkout } from '../tools/git/command-line.js';
import { type Experiment, planImage } from './experiment.js';
import { type ExperimentStatus, observe } from './observe.js';
import { place } from './place.js';
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
import { type Machines, targetOf } from './target-of.js';

export interface DeployRequest {
  readonly target: string;
  readonly machines: Machines;
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
  /** Nothing new is to run: what was recorded and never arrived is to be delivered. Left out: false. */
  readonly onlyDelivers?: boolean;
}

/** A deployment that is decided on and not yet begun. */
export interface DeployPlan extends Planned {
  readonly pin: Pin;
  /** Where everything that belongs to the commit is here. */
  readonly source: Checkout;
  readonly facts: RunFacts;
  readonly target: string;
  /** The machines that there are now, and those that are no help. */
  readonly found: readonly FoundMachine[];
  readonly problems: readonly MachineProblem[];
  /** Rented machines of the deployment that is joined that do not answer: nobody else can take their jobs. */
  readonly silent: readonly MachineProblem[];
  /** The machines of conditions to run, in their order. */
  readonly places: readonly FoundMachine[];
  /** The docker command there. */
  readonly docker: string;
  /** Waiting jobs of machines that do not answer, given to others. */
  readonly moves: readonly Move[];
  /** The deployment that the conditions join; null: a new one. */
  readonly joins: Deployment | null;
  /** Jobs of that deployment that were recorded and never arrived, a crash being between. */
  readonly undelivered: readonly DeployedJob[];
}

export interface Move {
  readonly job: DeployedJob;
  readonly to: FoundMachine;
}

/** How long a machine may be silent before its waiting jobs go to others, in milliseconds. */
export const patience = 60_000;

/** There are jobs, and no machine that could run them. */
class NoMachine extends UserError {
  constructor(problems: readonly MachineProblem[]) {
    super(
      [
        'None of the machines can run jobs now:',
        ...problems.map(({ problem }) => `  ${problem.message}`),
      ].join('\n'),
      [...new Set(problems.flatMap(({ problem }) => problem.suggestions)), 'logistician doctor --hosts'],
    );
  }
}

/** Decides what a deployment would do. Changes nothing but, with `--snapshot`, git's objects.
 *  @throws NoConditions, DirtyTree, LiveAtAnotherCommit, NothingToRetry, NotInCommit */
export async function decide(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
): Promise<DeployPlan> {
  const { parameters, runs, folder } = experiment;
  const target = targetOf(session, experiment, request.target, request.machines);
  readSecrets(parameters.secrets, session.env);
  const wanted = wantedConditions(parameters.conditions, request, `${folder}/parameters.json`);
  const status = await observe(session, experiment);
  const last = status.deployment;
  if (request.retryFailed && !last) throw new NothingToRetry();
  const pin = await pinFor(session, experiment, request, status.live ? last : null);
  const facts = await gatherFacts(session, experiment, pin, planImage(experiment, pin));
  if (last && status.live && (last.source_id !== facts.sourceId || last.target !== request.target))
    throw new LiveAtAnotherCommit(last, pin.commit);
  const same =
    last !== null &&
    last.released === null &&
    last.source_id === facts.sourceId &&
    last.target === request.target;
  const joins = same ? last : null;
  const deployed = new Set((request.retryFailed ? last : joins)?.jobs.map((job) => job.run));
  const all = planDeployment({
    conditions: wanted,
    fingerprint: (condition) => fingerprint(facts, condition),
    records: runs.list(),
    deployed,
    live: status.live,
    force: request.force,
    retryFailed: request.retryFailed,
  });
  const planned: Planned = request.onlyDelivers ? { ...all, run: [] } : all;
  const source = await checkoutOf(experiment.project, pin.commit);
  const arrived = new Set(
    status.conditions.flatMap((row) => (row.report?.state || row.silent ? [row.record?.id] : [])),
  );
  const undelivered =
    status.live && joins ? joins.jobs.filter((job) => !arrived.has(job.run) && isNewest(job, status)) : [];
  const { machines: found, problems } = await target.survey({
    gpus: parameters.gpus,
    slots: request.slots,
    largeFiles: [source, ...source.submodules].some(({ lfs }) => lfs !== null),
    secrets: parameters.secrets.length > 0,
    conditions: planned.run.map(({ id }) => id),
    joins,
    undelivered,
  });
  const shared = found.filter(({ condition }) => condition === undefined);
  // A machine that is a condition's own is never another's.
  const waiting = joins && shared.length > 0 ? waitingInVain(joins, status, session.now()) : [];
  if (found.length === 0 && planned.run.length > 0) throw new NoMachine(problems);
  const load = new Map<string, number>();
  for (const row of status.conditions) {
    const machine =
      row.record && !hasEnded(row.record) ? joins?.jobs.find((job) => job.run === row.record?.id) : null;
    if (machine) load.set(machine.machine, (load.get(machine.machine) ?? 0) + 1);
  }
  const able = shared.map((machine) => ({ ...machine, ...machine.deployed }));
  const own = planned.run.flatMap(({ id }) => found.find(({ condition }) => condition === id) ?? []);
  const places: readonly FoundMachine[] =
    shared.length > 0 ? place(planned.run.length + waiting.length, able, load) : own;
  /** No more slots than there is work for, but those that are at work. */
  const withoutIdleSlots = (machine: FoundMachine): FoundMachine => {
    const { deployed } = machine;
    const placed = places.filter((one) => one.deployed.name === deployed.name).length;
    const before = joins?.machines.find(({ name }) => name === deployed.name)?.slots.length ?? 0;
    const work = Math.max(1, before, placed + (load.get(deployed.name) ?? 0));
    return { ...machine, deployed: { ...deployed, slots: deployed.slots.slice(0, work) } };
  };
  return {
    ...planned,
    pin,
    source,
    facts,
    target: request.target,
    docker: target.docker,
    found: found.map(withoutIdleSlots),
    problems,
    silent: status.silent.filter(({ machine }) =>
      joins?.machines.some(({ name, cloud }) => name === machine && cloud),
    ),
    places: places.slice(0, planned.run.length),
    moves: waiting.flatMap((job, index) => {
      const to = places[planned.run.length + index];
      return to ? [{ job, to }] : [];
    }),
    joins,
    undelivered,
  };
}

/** Jobs that have not begun, on machines that have been silent for too long. */
function waitingInVain(joins: Deployment, status: ExperimentStatus, now: Date): DeployedJob[] {
  const pending = new Set(
    status.conditions
      .filter(({ record, silent }) => {
        const since = silent?.since.getTime() ?? Number.POSITIVE_INFINITY;
        return record?.state === 'pending' && now.getTime() - since >= patience;
      })
      .map(({ record }) => record?.id),
  );
  return joins.jobs.filter((job) => pending.has(job.run));
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
