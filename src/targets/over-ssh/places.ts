import { ownLine, UserError } from '../../errors.js';
import type { Connection } from '../../machines/connection.js';
import type { JobReport } from '../../machines/job-state.js';
import { finalStates } from '../../machines/job-state.js';
import type { Recipe } from '../../recipe/recipe.js';
import { containerText } from '../../recipe/scripts.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import { jobOf, jobsAt, movedFrom, placeOf, unreleased } from '../../runs/placement.js';
import { command } from '../../shell/command.js';
import { interactive } from '../../tools/ssh/lines.js';
import { shellIn } from '../container-shell.js';
import type { TargetContext } from '../context.js';
import type {
  Bundle,
  Collected,
  CollectedJob,
  Collecting,
  JobAccess,
  LaunchedJob,
  PlacedRun,
  PlaceProblem,
  Stopped,
} from '../target.js';
import { foldersAt, layoutAt } from './layout.js';
import { onEach } from './on-each.js';
import { SshSite } from './site.js';
import { type SshMachine, SshWays } from './ways.js';

/** What a target has to do before jobs are brought to a machine, and afterwards. */
interface Around {
  readonly isReady?: (place: Place) => Promise<void>;
  readonly isDelivered?: (place: Place, connection: Connection) => Promise<void>;
}

/** A result that its machine's user may not read. */
class Unreadable extends UserError {
  constructor(run: string, what: string) {
    super(`Not all results of ${run} could be read: ${what}.`, [
      ownLine('sync', [], 'again, once they can be read'),
      ownLine('terminate', ['--discard'], 'gives up what was not collected'),
    ]);
  }
}

const nameOf = ({ name }: Place) => name;

/** Machines of a deployment over SSH, all together: what is the same for every target that has some. */
export class SshPlaces {
  readonly ways: SshWays;

  constructor(
    private readonly context: TargetContext,
    private readonly machineOf: (place: Place) => SshMachine,
  ) {
    this.ways = new SshWays(context, machineOf);
  }

  placed(
    deployment: Deployment,
    place: Place,
    run: string,
    recipe: Recipe,
    bundle: Pick<Bundle, 'source' | 'projectKey'>,
  ): PlacedRun {
    const { root, user } = this.machineOf(place);
    const folder = foldersAt(root, deployment.experiment, deployment.id).job(run);
    const layout = layoutAt({ root, docker: deployment.docker }, deployment.id, recipe, bundle);
    return { folder, work: folder, line: containerText(recipe, layout, { run, folder }, user) };
  }

  /** Brings the jobs to these places, and starts their queues.
   *  @param around what is done before and after, at each place */
  async deliver(
    deployment: Deployment,
    places: readonly Place[],
    bundle: Bundle,
    jobs: readonly LaunchedJob[],
    { isReady, isDelivered }: Around = {},
  ): Promise<PlaceProblem[]> {
    const { executor, step } = this.context;
    const tell = executor.dryRun ? () => {} : step;
    for (const { name } of places) tell(name, 'starting');
    await this.ways.writeConfig(deployment);
    return onEach(places, nameOf, async (place, name) => {
      try {
        await isReady?.(place);
        tell(name, 'delivering');
        const connection = await this.ways.connection(place);
        await this.#site(deployment, place, connection).deliver(bundle, jobsAt(jobs, name));
        await isDelivered?.(place, connection);
        tell(name, 'delivered');
      } catch (error) {
        const [failed = ''] = (error as Error).message.split('\n');
        tell(name, { failed, refused: false });
        throw error;
      }
    });
  }

  /** What the machines at these places say of the runs. */
  async look(deployment: Deployment, places: readonly Place[], runs: ReadonlySet<string>) {
    const heard = new Map<string, JobReport>();
    const stalled = new Set<string>();
    const asked = places.filter(({ name }) =>
      deployment.jobs.some(
        (job) =>
          runs.has(job.run) && (job.place === name || job.moved_from?.some((left) => left.place === name)),
      ),
    );
    if (asked.length > 0) await this.ways.writeConfig(deployment);
    const problems = await onEach(asked, nameOf, async (place, name) => {
      const jobs = jobsAt(deployment.jobs, name).filter(({ run }) => runs.has(run));
      const away = movedFrom(deployment.jobs, name);
      const site = this.#site(deployment, place, await this.ways.connection(place));
      const report = await site.queue.report([...jobs.map((job) => job.folder), ...away]);
      if (!report) return;
      const isCopy = report.jobs.some(({ folder, state }) => away.includes(folder) && state);
      if (isCopy || (report.stalled && !report.jobs.some((job) => job.full))) stalled.add(name);
      const runOf = new Map(jobs.map((job) => [job.folder, job.run]));
      for (const job of report.jobs) {
        const run = runOf.get(job.folder);
        if (run !== undefined) heard.set(run, job);
      }
    });
    return { heard, stalled, silent: problems.map((one) => ({ ...one, canStart: false })) };
  }

  /** Has these places work on. Copies of jobs that were given to another place, while this one did not answer, go first:
   *  one of them may be given back. */
  revive(deployment: Deployment, names: ReadonlySet<string>): Promise<PlaceProblem[]> {
    const places = unreleased(deployment).filter(({ name }) => names.has(name));
    return onEach(places, nameOf, async (place, name) => {
      const connection = await this.ways.connection(place);
      const { queue } = this.#site(deployment, place, connection);
      const away = movedFrom(deployment.jobs, name);
      const report = away.length > 0 ? await queue.report(away) : null;
      const copies = report?.jobs.filter(({ state }) => state) ?? [];
      const open = copies.filter(({ state }) => state && !finalStates.has(state.state));
      const foldersOf = (jobs: readonly JobReport[]) => jobs.map(({ folder }) => folder);
      if (open.length > 0) await queue.machine.stop(queue.folder, 10, foldersOf(open));
      if (copies.length > 0)
        await this.context.executor.change(connection.reach(command('rm', '-rf', ...foldersOf(copies))));
      await queue.machine.begin(queue.folder, place.slots ?? []);
    });
  }

  /** Ends these runs on their machines. */
  async stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped> {
    const jobs = deployment.jobs.filter(({ run }) => runs.has(run));
    const places = deployment.places.filter(({ name }) => jobs.some(({ place }) => place === name));
    const notEnded = new Map<string, string>();
    await this.ways.writeConfig(deployment);
    const problems = await onEach(places, nameOf, async (place, name) => {
      const own = jobsAt(jobs, name);
      const { queue } = this.#site(deployment, place, await this.ways.connection(place));
      const left = await queue.machine.stop(
        queue.folder,
        grace,
        own.map(({ folder }) => folder),
      );
      for (const { run, folder } of own) {
        const why = left.get(folder);
        if (why !== undefined) notEnded.set(run, why);
      }
    });
    return { problems, notEnded };
  }

  /** Brings here what the jobs have left on these machines. */
  async collect(
    deployment: Deployment,
    places: readonly Place[],
    jobs: readonly CollectedJob[],
    how: Collecting,
  ): Promise<Collected> {
    const arrived = new Set<string>();
    const lost = new Set<string>();
    const unreadable: PlaceProblem[] = [];
    const asked = places.filter(({ name }) => jobs.some(({ place }) => place === name));
    if (asked.length > 0) await this.ways.writeConfig(deployment);
    const problems = await onEach(asked, nameOf, async (place, name) => {
      const site = this.#site(deployment, place, await this.ways.connection(place));
      const fetched = await site.fetch(jobsAt(jobs, name), how);
      for (const run of fetched.arrived) arrived.add(run);
      for (const run of fetched.lost) lost.add(run);
      for (const [run, what] of fetched.unreadable)
        unreadable.push({ place: name, problem: new Unreadable(run, what) });
    });
    return { problems: [...problems, ...unreadable], arrived, lost };
  }

  /** Leaves nothing of the deployment at these places but what later ones share. */
  async release(deployment: Deployment, places: readonly Place[]): Promise<PlaceProblem[]> {
    await this.ways.writeConfig(deployment);
    return onEach(places, nameOf, async (place, name) => {
      const own = jobsAt(deployment.jobs, name).map((job) => job.folder);
      const site = this.#site(deployment, place, await this.ways.connection(place));
      await site.clear([...own, ...movedFrom(deployment.jobs, name)]);
    });
  }

  job(deployment: Deployment, run: string): JobAccess {
    const job = jobOf(deployment, run);
    if (!job) throw new Error(`${run} is no run of deployment ${deployment.id}`);
    const place = placeOf(deployment, job);
    const machine = async () =>
      this.#site(deployment, place, await this.ways.connection(place)).queue.machine;
    return {
      log: async (offset, follow, io) => (await machine()).log(job.folder, offset, follow, io),
      offset: async (from) => (await machine()).offset(job.folder, from),
      enter: (container, words, tty) => {
        const there =
          container !== null
            ? shellIn(deployment.docker, container, words, tty)
            : words.length > 0
              ? command(...words)
              : null;
        return interactive(this.context.deployments.sshConfig, job.condition, there, tty);
      },
    };
  }

  #site(deployment: Deployment, place: Place, connection: Connection): SshSite {
    return new SshSite(this.context, connection, place, this.machineOf(place).root, deployment);
  }
}
