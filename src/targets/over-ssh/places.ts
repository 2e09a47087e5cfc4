import { ownLine, UserError } from '../../errors.js';
import type { Connection } from '../../machines/connection.js';
import type { Hold, JobReport } from '../../machines/job-state.js';
import { finalStates } from '../../machines/job-state.js';
import { defineGone } from '../../machines/removal.js';
import type { RunnerQueue } from '../../machines/runner-queue.js';
import type { Recipe } from '../../recipe/recipe.js';
import { containerText } from '../../recipe/scripts.js';
import { type Deployment, limitOf, type Place } from '../../runs/deployment.js';
import { jobOf, jobsAt, movedFrom, placeOf, unreleased } from '../../runs/placement.js';
import { type Command, command } from '../../shell/command.js';
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

/** A target's own work before and after the delivery to a machine. */
interface Around {
  readonly isReady?: (place: Place) => Promise<void>;
  readonly isDelivered?: (place: Place, connection: Connection) => Promise<void>;
}

/** Results that the user of the machine may not read. */
class Unreadable extends UserError {
  constructor(run: string, what: string) {
    super(`Not all results of ${run} could be read: ${what}.`, [
      ownLine('sync', [], 'again, once they can be read'),
      ownLine('terminate', ['--discard'], 'gives up results that were not collected'),
    ]);
  }
}

const nameOf = ({ name }: Place) => name;

/** The folders go by standard input: a command line has a limit. */
const removal = (folders: readonly string[]): Command => ({
  ...command('sh', '-c', `${defineGone}; while IFS= read -r folder; do gone "$folder" || exit; done`),
  input: { text: folders.map((folder) => `${folder}\n`).join('') },
});

/** All machines of a deployment over SSH: shared by every target that has some. */
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
    bundle: Pick<Bundle, 'source' | 'projectKey' | 'transport'>,
  ): PlacedRun {
    const { root, user, rootless } = this.machineOf(place);
    const folder = foldersAt(root, deployment.experiment, deployment.id).job(run);
    const layout = layoutAt({ root, docker: deployment.docker, rootless }, deployment.id, recipe, bundle);
    return { folder, work: folder, line: containerText(recipe, layout, { run, folder }, user) };
  }

  /** Delivers the jobs to these places, and starts their queues. @param around work before and after, at each place */
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

  /** The reports of the machines at these places. @param end how much of each job's output, in bytes */
  async look(deployment: Deployment, places: readonly Place[], runs: ReadonlySet<string>, end: number) {
    const heard = new Map<string, JobReport>();
    const stalled = new Set<string>();
    const held = new Map<string, Hold>();
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
      const report = await site.queue.report([...jobs.map((job) => job.folder), ...away], end);
      if (!report) return;
      if (report.held) held.set(name, report.held);
      const isCopy = report.jobs.some(({ folder, state }) => away.includes(folder) && state);
      if (isCopy || (report.stalled && !report.jobs.some((job) => job.full))) stalled.add(name);
      const runOf = new Map(jobs.map((job) => [job.folder, job.run]));
      for (const job of report.jobs) {
        const run = runOf.get(job.folder);
        if (run !== undefined) heard.set(run, job);
      }
    });
    return { heard, stalled, held, silent: problems.map((one) => ({ ...one, canStart: false })) };
  }

  /** Restarts the queues of these places. First removes copies of jobs that were moved to another place while this one
   * was unreachable: one of them may be moved back. */
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
      if (copies.length > 0) await this.context.executor.change(connection.reach(removal(foldersOf(copies))));
      await queue.machine.beginAgain(queue.folder, place.slots ?? []);
    });
  }

  /** Lets these places start waiting jobs again. */
  resume(deployment: Deployment, names: ReadonlySet<string>): Promise<PlaceProblem[]> {
    return this.#onQueues(deployment, names, ({ machine, folder }, slots) =>
      machine.begin(folder, { slots, maxFailures: limitOf(deployment) }),
    );
  }

  /** Holds the queues of these places after so many failures. */
  hold(deployment: Deployment, names: ReadonlySet<string>, failures: number): Promise<PlaceProblem[]> {
    return this.#onQueues(deployment, names, ({ machine, folder }) => machine.hold(folder, failures));
  }

  async #onQueues(
    deployment: Deployment,
    names: ReadonlySet<string>,
    work: (queue: RunnerQueue, slots: readonly string[]) => Promise<void>,
  ): Promise<PlaceProblem[]> {
    await this.ways.writeConfig(deployment);
    const places = unreleased(deployment).filter(({ name }) => names.has(name));
    return onEach(places, nameOf, async (place) => {
      const { queue } = this.#site(deployment, place, await this.ways.connection(place));
      await work(queue, place.slots ?? []);
    });
  }

  /** Stops these runs on their machines. */
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

  /** Collects the results of jobs on these machines. */
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

  /** Removes everything of the deployment at these places except what later ones share. */
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
    return new SshSite(this.context, connection, place, this.machineOf(place), deployment);
  }
}
