import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { type Condition, conditionFromArgv } from '../experiment/condition.js';
import { BuildFailed } from '../machines/image.js';
import { jobScript, known } from '../machines/job-script.js';
import type { DeployedJob, Deployment } from '../runs/deployment.js';
import type { RunRecord } from '../runs/run-record.js';
import { refuseMissingFiles } from '../source/checkout.js';
import { keepPin } from '../source/keep.js';
import type { Project } from '../source/project.js';
import type { FoundMachine, LaunchedJob, MachineProblem, Sweep } from '../targets/target.js';
import { baseImages } from './base-images.js';
import type { DeployPlan } from './decide-deployment.js';
import { bringToAnEnd } from './end.js';
import type { Experiment } from './experiment.js';
import { proposedDeployment } from './propose.js';
import { newRecord } from './receipt.js';
import { makeWay } from './release.js';
import { scriptOf, sweepOf } from './scripts.js';
import { readSecrets } from './secrets.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** Records the deployment, then brings it about: after a crash in between, the same again delivers the rest.
 *  Returns when every job is delivered. @throws BuildFailed, and what kept it from being recorded, with nothing
 *  left of a deployment that was new */
export async function deploy(
  session: Session,
  experiment: Experiment,
  decided: DeployPlan,
): Promise<{ deployment: Deployment; problems: readonly MachineProblem[] }> {
  const { runs, deployments, parameters } = experiment;
  const before = deployments.read();
  const target = targetOf(session, experiment, decided.target);
  if (before && before.released === null && !decided.joins) await bringToAnEnd(session, experiment);

  if (decided.joins) {
    const names = new Set(decided.places.map(({ deployed }) => deployed.name));
    await makeWay(session, experiment, decided.joins, names);
  }
  const ended = deployments.read();
  if (!decided.joins) deployments.setCommandsAside(before);
  const proposed = proposedDeployment(session, experiment, decided);
  const { id } = proposed;
  const sweep: Sweep = {
    ...sweepOf(decided.facts, decided.docker, {
      project: [known.job, '/source'],
      data: [known.job, '/data'],
      deployment: id,
    }),
    source: decided.source,
    secrets: readSecrets(parameters.secrets, session.env),
    projectKey: projectKey(experiment.project),
    inputIds: decided.facts.inputIds,
    transport: parameters.dockerImageTransport,
  };
  if (!session.executor.dryRun) await refuseMissingFiles(sweep.source);
  const claimed = claim();
  const deployment = { ...proposed, jobs: [...withMoves(), ...claimed.map(({ job }) => job)] };
  let jobs: LaunchedJob[] | undefined;
  let problems: readonly MachineProblem[];
  try {
    deployments.write(deployment);
    if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
    await keepPin(experiment.project, session.executor, decided.pin);
    jobs = [
      ...claimed.map(({ condition, job, machine }) =>
        launched(condition, job, recordOf(condition, job, machine)),
      ),
      ...undelivered().map((job) => redelivered(job)),
    ];
    problems = await target.launch(deployment, sweep, jobs, session.progress);
  } catch (error) {
    if (!jobs || error instanceof BuildFailed) takeBack();
    throw error;
  }
  await recordBase();
  recordMet();
  return { deployment, problems };

  /** A folder for each run, or for none. */
  function claim(): Claimed[] {
    const made: Claimed[] = [];
    try {
      for (const [index, condition] of decided.run.entries()) {
        const machine = decided.places[index];
        if (!machine) throw new Error(`no machine for ${condition.id}`);
        const run = runs.claim(condition.id, session.now());
        const { name } = machine.deployed;
        const folder = target.jobFolder(machine.deployed, run);
        made.push({ condition, machine, job: { run, condition: condition.id, machine: name, folder } });
      }
    } catch (error) {
      runs.discard(made.map(({ job }) => job.run));
      throw error;
    }
    return made;
  }

  /** Nothing has begun: half a deployment is none, and the one before is the last one. */
  function takeBack(): void {
    runs.discard(claimed.map(({ job }) => job.run));
    const none = { ...deployment, jobs: [], released: session.now().toISOString() };
    deployments.write(decided.joins ?? ended ?? none);
  }

  /** What the image builds on may have come with the build. */
  async function recordBase(): Promise<void> {
    // Where images are not built here, this computer needs no Docker.
    const base = await baseImages(experiment.engine, decided.facts.image).catch(() => []);
    if (base.length === decided.facts.base.length) return;
    for (const { job } of claimed) {
      const record = runs.read(job.run);
      if (record) runs.write({ ...record, image: { ...record.image, base } });
    }
  }

  /** Machines that were not there to be asked. */
  function recordMet(): void {
    for (const { job } of claimed) {
      const met = target.met?.(job.machine);
      const record = met && runs.read(job.run);
      if (record) runs.write({ ...record, tools: { ...record.tools, docker: met.docker } });
    }
  }

  function recordOf(condition: Condition, job: DeployedJob, { facts, deployed }: FoundMachine): RunRecord {
    const script = target.sweepOn(deployed, sweep);
    const how = { id: job.run, folder: job.folder, sweep: script, deployment: id };
    const record = newRecord(session, decided.facts, condition, {
      ...how,
      target: decided.target,
      machine: facts,
      live: false,
    });
    runs.write(record);
    return record;
  }

  function redelivered(job: DeployedJob) {
    const condition =
      parameters.conditions.find((one) => one.id === job.condition) ??
      conditionFromArgv(runs.read(job.run)?.argv ?? []);
    const machine = decided.found.find(({ deployed }) => deployed.name === job.machine);
    const known = runs.read(job.run);
    if (!machine) throw new Error(`${job.machine} does not answer`);
    const moved = known?.machine.name !== machine.facts.name && known?.state === 'pending';
    return launched(condition, job, known && !moved ? known : recordOf(condition, job, machine));
  }

  /** The jobs that were there before, some of them on other machines now. */
  function withMoves(): readonly DeployedJob[] {
    const moves = new Map(decided.moves.map(({ job, to }) => [job.run, to]));
    return (decided.joins?.jobs ?? []).map((job) => {
      const to = moves.get(job.run)?.deployed;
      if (!to) return job;
      const left = { machine: job.machine, folder: job.folder };
      const folder = target.jobFolder(to, job.run);
      // What it is given back to has nothing of it any more.
      const elsewhere = (job.moved_from ?? []).filter(({ machine }) => machine !== to.name);
      return { ...job, machine: to.name, folder, moved_from: [...elsewhere, left] };
    });
  }

  /** Those of them that have yet to arrive, on machines that answer. */
  function undelivered(): DeployedJob[] {
    const wanted = new Set(
      [...decided.undelivered, ...decided.moves.map(({ job }) => job)].map(({ run }) => run),
    );
    const answering = new Set(decided.found.map(({ deployed }) => deployed.name));
    return deployment.jobs.filter((job) => wanted.has(job.run) && answering.has(job.machine));
  }
}

interface Claimed {
  readonly condition: Condition;
  readonly machine: FoundMachine;
  readonly job: DeployedJob;
}

/** The same for all clones of a project that have a remote; for one without, this clone's own. */
function projectKey({ root, remote }: Project): string {
  const hash = createHash('sha256')
    .update(remote ?? `${hostname()}:${root}`)
    .digest('hex')
    .slice(0, 10);
  return `${basename(root).replaceAll(/[^A-Za-z0-9_.-]+/g, '-')}-${hash}`;
}

function launched(condition: Condition, job: DeployedJob, record: RunRecord): LaunchedJob {
  const script = scriptOf(record, condition, job.folder);
  return { ...job, record, script: jobScript(script), containerName: script.containerName };
}
