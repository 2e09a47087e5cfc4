import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { here } from '../../machines/connection.js';
import { formerName } from '../../machines/former-name.js';
import { findGpus, noteOfBeyond } from '../../machines/gpus.js';
import { jobScript, sweepScript } from '../../machines/job-script.js';
import { RunnerQueue } from '../../machines/runner-queue.js';
import { slots } from '../../machines/slots.js';
import { currentUser } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import { containerName, containerText, jobOf, type Layout, sweepOf } from '../../recipe/scripts.js';
import { type Deployment, limitOf, type Place } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { seenFrom } from '../../runs/lost-data.js';
import { jobOf as deployedJob } from '../../runs/placement.js';
import type { Io } from '../../shell/process.js';
import { Engine } from '../../tools/docker/engine.js';
import { ensureImages } from '../build-here.js';
import { shellIn } from '../container-shell.js';
import type { TargetContext } from '../context.js';
import { verifyDockerArgs } from '../docker-args.js';
import { copyState } from '../state-copy.js';
import type {
  Bundle,
  Collected,
  CollectedJob,
  Holding,
  JobAccess,
  LaunchedJob,
  Look,
  PlacedRun,
  PlaceProblem,
  Stopped,
  Survey,
  SurveyRequest,
  Target,
} from '../target.js';

/** Computers that share a home folder share its records, but not their processes. */
class OtherComputer extends UserError {
  constructor(name: string) {
    super(`The jobs of this deployment run on ${name}, and this is ${hostname()}.`, [
      `ssh ${name}    # and run the same command there`,
      formerName(name, 'this computer'),
    ]);
  }
}

/** This computer. Results are in runs/ at once; the runner's files are in the user's home, out of reach of jobs. */
export class LocalTarget implements Target {
  readonly name = 'local';
  readonly pace = 500;
  readonly rental = null;
  readonly holding: Holding;
  readonly needs = new Set(['docker'] as const);
  readonly #queue: RunnerQueue;

  constructor(private readonly context: TargetContext) {
    this.#queue = new RunnerQueue(context.executor, here(hostname()), context.deployments.queue);
    const { machine, folder } = this.#queue;
    const unlessElsewhere = async (
      deployment: Deployment,
      work: (slots: readonly string[]) => Promise<void>,
    ) => {
      const problems = elsewhereProblems(deployment);
      if (problems.length === 0) await work(deployment.places[0]?.slots ?? []);
      return problems;
    };
    this.holding = {
      resume: (deployment) =>
        unlessElsewhere(deployment, (slots) =>
          machine.begin(folder, { slots, maxFailures: limitOf(deployment) }),
        ),
      hold: (deployment, _places, failures) =>
        unlessElsewhere(deployment, () => machine.hold(folder, failures)),
    };
  }

  async survey({ parameters, slots: wanted }: SurveyRequest): Promise<Survey> {
    const { executor, env } = this.context;
    const engine = await new Engine(executor, parameters.dockerCommand, env).facts();
    const gpus = await findGpus(executor, here(''), engine, parameters.gpus);
    await verifyDockerArgs(executor, parameters.dockerCommand, parameters.dockerRunArgs);
    const name = hostname();
    const place: Place = {
      name,
      here: true,
      slots: slots(parameters.gpus, gpus.ids, engine, wanted ?? undefined),
      rented: null,
      own: ownPlace(engine.users === 'rootless'),
      released: null,
    };
    const offer = {
      place,
      facts: { name, user: currentUser(), engine, gpus: gpus.ids },
      only: null,
      text: null,
    };
    const note = noteOfBeyond(gpus);
    return {
      offers: [offer],
      problems: [],
      docker: parameters.dockerCommand,
      notes: note === null ? [] : [note],
    };
  }

  placed(deployment: Deployment, place: Place, run: string, recipe: Recipe, { source }: Bundle): PlacedRun {
    const at = this.#foldersOf(run);
    const layout = layoutOf(deployment, place, recipe, source);
    return { folder: at.folder, work: at.work, line: containerText(recipe, layout, at, currentUser()) };
  }

  async launch(
    live: LiveDeployment,
    jobs: readonly LaunchedJob[],
    { source, secrets }: Bundle,
    io: Io,
  ): Promise<readonly []> {
    const deployment = live.now;
    await ensureImages(this.context, deployment.docker, source.repository, jobs, io);
    for (const { run, state } of jobs) await this.#bringState(run, state);
    await this.#queue.install(this.context.templates.runner);
    const queued = jobs.map(({ run, recipe }) => {
      const at = this.#foldersOf(run);
      return {
        folder: at.folder,
        containerName: containerName(run, at.folder),
        shared: sweepScript(sweepOf(recipe, layoutOf(deployment, deployment.places[0], recipe, source))),
        script: jobScript(jobOf(recipe, at)),
      };
    });
    await this.#queue.announce(queued);
    await this.#queue.deliver(queued, secrets, {
      slots: deployment.places[0]?.slots ?? [],
      maxFailures: limitOf(deployment),
    });
    return [];
  }

  async look(deployment: Deployment, runs: ReadonlySet<string>): Promise<Look> {
    const nothing = { heard: new Map(), ended: new Map(), silent: [], stalled: new Set<string>() };
    const [place] = deployment.places;
    if (!place) return nothing;
    const other = elsewhere(place);
    if (other) return { ...nothing, silent: [{ place: place.name, problem: other, canStart: false }] };
    const jobs = deployment.jobs.filter(({ run }) => runs.has(run));
    const report = jobs.length > 0 ? await this.#queue.report(jobs.map(({ folder }) => folder)) : null;
    if (!report) return nothing;
    const runOf = new Map(jobs.map((job) => [job.folder, job.run]));
    // On a full disk no job can start.
    const isStalled = report.stalled && !report.jobs.some((job) => job.full);
    return {
      ...nothing,
      heard: new Map(
        report.jobs.map((job) => {
          const run = runOf.get(job.folder) ?? '';
          return [run, seenFrom(join(this.context.runs, run), job)];
        }),
      ),
      stalled: new Set(isStalled ? [place.name] : []),
      held: new Map(report.held ? [[place.name, report.held]] : []),
    };
  }

  async revive({ places: [place] }: Deployment): Promise<readonly []> {
    if (place && !elsewhere(place))
      await this.#queue.machine.beginAgain(this.#queue.folder, place.slots ?? []);
    return [];
  }

  async stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped> {
    const problems = elsewhereProblems(deployment);
    if (problems.length > 0) return { problems, notEnded: new Map() };
    const jobs = deployment.jobs.filter(({ run }) => runs.has(run));
    const left = await this.#queue.machine.stop(
      this.#queue.folder,
      grace,
      jobs.map(({ folder }) => folder),
    );
    const notEnded = jobs.flatMap(({ run, folder }): [string, string][] => {
      const why = left.get(folder);
      return why === undefined ? [] : [[run, why]];
    });
    return { problems, notEnded: new Map(notEnded) };
  }

  /** Results are in runs/ already. */
  async collect(_deployment: Deployment, jobs: readonly CollectedJob[]): Promise<Collected> {
    return { problems: [], arrived: new Set(jobs.map(({ run }) => run)), lost: new Set() };
  }

  async release(live: LiveDeployment): Promise<readonly PlaceProblem[]> {
    const { id, jobs } = live.now;
    const problems = elsewhereProblems(live.now);
    if (problems.length > 0) return problems;
    const folders = jobs.map(({ folder }) => folder);
    await this.#queue.clear(
      id,
      folders,
      jobs.map(({ run }) => run),
    );
    return [];
  }

  job(deployment: Deployment, run: string): JobAccess {
    const folder = deployedJob(deployment, run)?.folder ?? '';
    const { machine } = this.#queue;
    return {
      log: (offset, follow, io) => machine.log(folder, offset, follow, io),
      offset: (from) => machine.offset(folder, from),
      enter: (container, words, tty) => {
        if (container !== null) return shellIn(deployment.docker, container, words, tty);
        const condition = deployedJob(deployment, run)?.condition ?? run;
        throw new UserError(`${condition} runs on this computer.`, [
          ownLine('ssh', [condition, '--container']),
        ]);
      },
    };
  }

  async examine(): Promise<readonly []> {
    return [];
  }

  /** Called before the job is delivered: afterwards it may have started. */
  async #bringState(run: string, state: string | null): Promise<void> {
    const { folder, work } = this.#foldersOf(run);
    if (state === null || existsSync(join(folder, 'state.json'))) return;
    await this.context.executor.change(copyState(state, join(work, 'data')));
  }

  #foldersOf(run: string) {
    return {
      run,
      folder: join(this.context.deployments.jobs, run),
      work: join(this.context.runs, run),
    };
  }
}

/** The record of this computer in a deployment. */
interface OwnPlace {
  /** Whether its engine is rootless. */
  readonly rootless: true;
}

const ownPlace = (rootless: boolean): OwnPlace | null => (rootless ? { rootless } : null);

const layoutOf = (
  { id, docker }: Deployment,
  place: Place | undefined,
  { inputs }: Recipe,
  source: Bundle['source'],
): Layout => ({
  docker,
  rootless: (place?.own as OwnPlace | null | undefined)?.rootless ?? false,
  checkout: source,
  repository: source.repository,
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, { path }]) => [name, path])),
  deployment: id,
});

const elsewhere = ({ name }: Place): OtherComputer | null =>
  name === hostname() ? null : new OtherComputer(name);

function elsewhereProblems({ places: [place] }: Deployment): readonly PlaceProblem[] {
  const problem = place ? elsewhere(place) : null;
  return place && problem ? [{ place: place.name, problem }] : [];
}
