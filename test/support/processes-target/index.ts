import { lstatSync } from 'node:fs';
import { arch, cpus, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/errors.js';
import type { Parameters } from '../../../src/experiment/parameters.js';
import type { Recipe } from '../../../src/recipe/recipe.js';
import type { Deployment, Place } from '../../../src/runs/deployment.js';
import type { LiveDeployment } from '../../../src/runs/deployment-store.js';
import { jobOf } from '../../../src/runs/placement.js';
import { command } from '../../../src/shell/command.js';
import { isProgram } from '../../../src/shell/programs.js';
import { aShell } from '../../../src/targets/container-shell.js';
import type { TargetContext } from '../../../src/targets/context.js';
import { copyState } from '../../../src/targets/state-copy.js';
import type {
  Bundle,
  Collected,
  CollectedJob,
  Collecting,
  EndedJob,
  Finding,
  JobAccess,
  LaunchedJob,
  Look,
  PlacedRun,
  PlaceProblem,
  Stopped,
  Survey,
  SurveyRequest,
  Target,
} from '../../../src/targets/target.js';
import { deliveryOf, lineOf } from './job.js';
import { offsetOf, read } from './output.js';
import { ProcessQueue } from './queue.js';

/** What an experiment asks for that a plain process cannot have. */
class NeedsContainer extends UserError {
  constructor(what: string) {
    super(`Target processes runs no containers: ${what}.`, ['logistician deploy --target local']);
  }
}

/** What a deployment keeps of its one place. */
interface OwnPlace {
  /** How many jobs run at a time. */
  readonly atOnce: number;
}

/** Plain processes of this computer, in a queue of their own. What they leave stays with it until it is collected. */
export class ProcessesTarget implements Target {
  readonly name = 'processes';
  readonly pace = 200;
  readonly rental = null;
  readonly holding = null;
  readonly needs = new Set<never>();

  constructor(private readonly context: TargetContext) {}

  async survey({ parameters, slots }: SurveyRequest): Promise<Survey> {
    const name = hostname();
    const problems = obstacles(parameters).map((problem) => ({ place: name, problem }));
    const own: OwnPlace = { atOnce: slots ?? cpus().length };
    const place: Place = { name, here: false, slots: null, rented: null, own, released: null };
    const engine = { cpus: cpus().length, memory: totalmem(), architecture: arch() };
    const text = `${name}, ${own.atOnce} at a time, as plain processes`;
    const offer = { place, facts: { name, engine }, only: null, text };
    return { offers: problems.length > 0 ? [] : [offer], problems, docker: '' };
  }

  placed(deployment: Deployment, _place: Place, run: string, recipe: Recipe): PlacedRun {
    const at = this.#queueOf(deployment).folders(run);
    return { folder: at.folder, work: at.work, line: lineOf(recipe, at, this.#path) };
  }

  async launch(
    live: LiveDeployment,
    jobs: readonly LaunchedJob[],
    { source }: Bundle,
  ): Promise<readonly PlaceProblem[]> {
    const { executor, step } = this.context;
    const deployment = live.now;
    const queue = this.#queueOf(deployment);
    for (const place of deployment.places) {
      step(place.name, 'delivering');
      await queue.install((place.own as OwnPlace).atOnce);
      for (const { run, recipe, state } of jobs.filter((job) => !queue.hasArrived(job.run))) {
        if (state !== null) await executor.change(copyState(state, queue.folders(run).data));
        const order = deployment.jobs.findIndex((job) => job.run === run);
        for (const line of deliveryOf({ run, recipe, order, source }, queue.folders(run), this.#path))
          await executor.change(line);
      }
      await queue.begin();
      step(place.name, 'delivered');
    }
    return [];
  }

  async look(deployment: Deployment, runs: ReadonlySet<string>): Promise<Look> {
    const queue = this.#queueOf(deployment);
    const asked = deployment.jobs.flatMap(({ run }) => (runs.has(run) ? [run] : []));
    const gone: EndedJob = { state: 'lost', reason: 'gone' };
    const isOpen = asked.some((run) => queue.hasArrived(run) && !queue.hasEnded(run));
    const stalled = isOpen && !(await queue.isAlive());
    return {
      heard: new Map(asked.map((run) => [run, queue.report(run)])),
      ended: new Map(asked.flatMap((run) => (queue.isGone(run) ? [[run, gone]] : []))),
      silent: [],
      stalled: new Set(stalled ? deployment.places.map(({ name }) => name) : []),
    };
  }

  async revive(deployment: Deployment): Promise<readonly []> {
    await this.#queueOf(deployment).begin();
    return [];
  }

  async stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped> {
    const left = await this.#queueOf(deployment).stop([...runs], grace);
    return { problems: [], notEnded: new Map(left.map((run) => [run, 'running'])) };
  }

  async collect(
    deployment: Deployment,
    jobs: readonly CollectedJob[],
    { only, progress }: Collecting,
  ): Promise<Collected> {
    const queue = this.#queueOf(deployment);
    const [arrived, lost] = [new Set<string>(), new Set<string>()];
    const problems: PlaceProblem[] = [];
    for (const [index, { run, place, whole }] of jobs.entries()) {
      try {
        if (queue.hasArrived(run)) await this.#copy(queue, run, only);
        else if (queue.isGone(run)) lost.add(run);
        if (whole && queue.hasArrived(run)) arrived.add(run);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push({ place, problem: error });
      }
      progress(place, `${index + 1} of ${jobs.length}`);
    }
    return { problems, arrived, lost };
  }

  async release(live: LiveDeployment, places: ReadonlySet<string>): Promise<readonly []> {
    if (places.size > 0) await this.#queueOf(live.now).remove();
    return [];
  }

  job(deployment: Deployment, run: string): JobAccess {
    const queue = this.#queueOf(deployment);
    const at = queue.folders(run);
    const condition = jobOf(deployment, run)?.condition ?? run;
    return {
      log: (offset, follow, io) => read(at, offset, follow ? () => queue.hasEnded(run) : null, io),
      offset: async (from) => offsetOf(at, from),
      enter: (container, words) => {
        if (container !== null)
          throw new UserError(`${condition} runs in no container.`, [`logistician ssh ${condition}`]);
        const inside = words.length > 0 ? words : ['sh', '-c', aShell];
        return command('sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', at.source, ...inside);
      },
    };
  }

  async examine({ parameters }: Pick<SurveyRequest, 'parameters'>): Promise<readonly Finding[]> {
    const problems = obstacles(parameters, this.#path);
    if (problems.length > 0)
      return problems.map(({ message, suggestions }): Finding => {
        return { what: 'processes', state: 'bad', detail: message, mend: suggestions };
      });
    return [{ what: 'processes', state: 'good', detail: `${cpus().length} at a time here`, mend: [] }];
  }

  /** rsync writes through no link that a job has put into an earlier copy. */
  async #copy(queue: ProcessQueue, run: string, only: string | null): Promise<void> {
    const { executor, runs } = this.context;
    const into = join(runs, run, 'data');
    if (lstatSync(into, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new UserError(`${into} is not a folder, so nothing is copied into it.`, [`ls -ld ${into}`]);
    await executor.change(command('mkdir', '-p', into));
    const from = `${queue.folders(run).data}/./${only ?? ''}`;
    const keeping = ['--recursive', '--links', '--perms', '--times', '--relative', '--ignore-missing-args'];
    await executor.change(command('rsync', ...keeping, from, `${into}/`));
  }

  #queueOf({ id }: Pick<Deployment, 'id'>): ProcessQueue {
    const { executor, deployments } = this.context;
    return new ProcessQueue(executor, join(deployments.folder, `processes-${id}`));
  }

  get #path(): string {
    return this.context.env.PATH ?? '/usr/bin:/bin';
  }
}

function obstacles(
  { experimentCommand, dockerRunArgs, secrets, gpus }: Parameters,
  path = process.env.PATH,
): UserError[] {
  const asked = [
    [experimentCommand === null, 'there is no image whose command could be run without experiment_command'],
    [dockerRunArgs.length > 0, 'nothing takes docker_run_args'],
    [secrets.length > 0, 'there is no place for secrets'],
    [gpus !== 'auto' && gpus !== 'none' && gpus !== 0, 'nothing hands out GPUs'],
  ] as const;
  const missing = isProgram('rsync', path) ? [] : [new UserError('rsync is not installed.', [])];
  return [...asked.flatMap(([is, what]) => (is ? [new NeedsContainer(what)] : [])), ...missing];
}
