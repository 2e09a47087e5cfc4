import { hostname } from 'node:os';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { here } from '../../machines/connection.js';
import { findGpus } from '../../machines/gpus.js';
import { jobScript, sweepScript } from '../../machines/job-script.js';
import { RunnerQueue } from '../../machines/runner-queue.js';
import { slots } from '../../machines/slots.js';
import { currentUser } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import { containerName, containerText, jobOf, type Layout, sweepOf } from '../../recipe/scripts.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { seenFrom } from '../../runs/lost-data.js';
import { jobOf as deployedJob } from '../../runs/placement.js';
import type { Io } from '../../shell/process.js';
import { Engine } from '../../tools/docker/engine.js';
import { ensureImages } from '../build-here.js';
import { shellIn } from '../container-shell.js';
import type { TargetContext } from '../context.js';
import type {
  Bundle,
  Collected,
  CollectedJob,
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

/** Two computers that share a home folder share the records in it, but not each other's processes. */
class OtherComputer extends UserError {
  constructor(name: string) {
    super(`The jobs of this deployment run on ${name}, and this is ${hostname()}.`, [
      `ssh ${name}    # and there the same again`,
    ]);
  }
}

/** This computer. What a job leaves is in runs/ at once; what its runner needs is in the user's home, where no job
 *  reaches. */
export class LocalTarget implements Target {
  readonly name = 'local';
  readonly pace = 500;
  readonly rental = null;
  readonly needs = new Set(['docker'] as const);
  readonly #queue: RunnerQueue;

  constructor(private readonly context: TargetContext) {
    this.#queue = new RunnerQueue(context.executor, here(hostname()), context.deployments.queue);
  }

  async survey({ parameters, slots: wanted }: SurveyRequest): Promise<Survey> {
    const { executor, env } = this.context;
    const engine = await new Engine(executor, parameters.dockerCommand, env).facts();
    const gpus = await findGpus(executor, here(''), engine);
    const name = hostname();
    const place: Place = {
      name,
      here: true,
      slots: slots(parameters.gpus, gpus, engine, wanted ?? undefined),
      rented: null,
      own: null,
      released: null,
    };
    const offer = { place, facts: { name, user: currentUser(), engine, gpus }, only: null, text: null };
    return { offers: [offer], problems: [], docker: parameters.dockerCommand };
  }

  placed(deployment: Deployment, _place: Place, run: string, recipe: Recipe, { source }: Bundle): PlacedRun {
    const at = this.#foldersOf(run);
    const layout = layoutOf(deployment, recipe, source);
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
    await this.#queue.install(this.context.templates.runner);
    const queued = jobs.map(({ run, recipe }) => {
      const at = this.#foldersOf(run);
      return {
        folder: at.folder,
        containerName: containerName(run, at.folder),
        shared: sweepScript(sweepOf(recipe, layoutOf(deployment, recipe, source))),
        script: jobScript(jobOf(recipe, at)),
      };
    });
    await this.#queue.deliver(queued, secrets, deployment.places[0]?.slots ?? []);
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
    // On a full disk nothing can begin.
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
    };
  }

  async revive({ places: [place] }: Deployment): Promise<readonly []> {
    if (place && !elsewhere(place)) await this.#queue.machine.begin(this.#queue.folder, place.slots ?? []);
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

  /** It is in runs/ already. */
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

  #foldersOf(run: string) {
    return {
      run,
      folder: join(this.context.deployments.jobs, run),
      work: join(this.context.runs, run),
    };
  }
}

const layoutOf = ({ id, docker }: Deployment, { inputs }: Recipe, source: Bundle['source']): Layout => ({
  docker,
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
