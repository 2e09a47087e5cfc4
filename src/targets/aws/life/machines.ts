import { ownLine } from '../../../errors.js';
import type { Deployment } from '../../../runs/deployment.js';
import { jobsAt } from '../../../runs/placement.js';
import { NotThereYet, Unreachable } from '../../../tools/ssh/unreachable.js';
import type {
  Collected,
  CollectedJob,
  Collecting,
  EndedJob,
  JobAccess,
  Look,
  PlaceProblem,
  SilentPlace,
  Stopped,
} from '../../target.js';
import { type AwsMachine, machinesOf } from '../place.js';
import type { AwsInstances } from './instances.js';

/** Created instances: machines over SSH whose state AWS knows, too. */
export class AwsMachines {
  constructor(private readonly instances: AwsInstances) {}

  /** Asks AWS first: connecting to a terminated or stopped machine would only time out. */
  async look(deployment: Deployment, runs: ReadonlySet<string>, end: number): Promise<Look> {
    const outcomes = await this.instances.outcomes(deployment);
    const ended = new Map<string, EndedJob>();
    const stopped: SilentPlace[] = [];
    const asked: AwsMachine[] = [];
    for (const machine of machinesOf(deployment)) {
      const { name } = machine;
      const jobs = jobsAt(deployment.jobs, name).filter(({ run }) => runs.has(run));
      const outcome = outcomes.get(name);
      if (typeof outcome === 'object') for (const { run } of jobs) ended.set(run, outcome);
      else if (outcome === 'stopped' && jobs.length > 0)
        stopped.push({ place: name, problem: hasStopped(machine), canStart: true });
      else if (this.instances.isReached(machine, outcome)) asked.push(machine);
    }
    const { heard, stalled, silent } = await this.instances.places.look(deployment, asked, runs, end);
    return { heard, stalled, ended, silent: [...stopped, ...silent] };
  }

  async stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number): Promise<Stopped> {
    const outcomes = await this.instances.outcomes(deployment);
    const reached = new Set<string>();
    const problems: PlaceProblem[] = [];
    for (const machine of machinesOf(deployment)) {
      const { name } = machine;
      const jobs = jobsAt(deployment.jobs, name).filter(({ run }) => runs.has(run));
      const outcome = outcomes.get(name);
      if (this.instances.isReached(machine, outcome)) for (const { run } of jobs) reached.add(run);
      // A terminated machine has ended its jobs.
      else if (jobs.length > 0 && typeof outcome !== 'object')
        problems.push({
          place: name,
          problem: outcome === 'stopped' ? hasStopped(machine) : new NotThereYet(name),
        });
    }
    const stopped = await this.instances.places.stop(deployment, reached, grace);
    return { ...stopped, problems: [...problems, ...stopped.problems] };
  }

  async revive(deployment: Deployment, names: ReadonlySet<string>): Promise<readonly PlaceProblem[]> {
    await this.instances.outcomes(deployment);
    return this.instances.places.revive(deployment, names);
  }

  async collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting): Promise<Collected> {
    const outcomes = await this.instances.outcomes(deployment);
    const reached: AwsMachine[] = [];
    const problems: PlaceProblem[] = [];
    const arrived = new Set<string>();
    const lost = new Set<string>();
    for (const machine of machinesOf(deployment)) {
      const { name } = machine;
      const outcome = outcomes.get(name);
      if (this.instances.isReached(machine, outcome)) {
        reached.push(machine);
        continue;
      }
      const own = jobsAt(jobs, name);
      const began = own.filter((job) => job.began);
      // Jobs that never began have no results.
      for (const { run, began } of own) if (!began) arrived.add(run);
      if (typeof outcome === 'object') for (const { run } of began) lost.add(run);
      else if (began.length > 0)
        problems.push({
          place: name,
          problem: outcome === 'stopped' ? hasStopped(machine) : new NotThereYet(name),
        });
    }
    const there = await this.instances.places.collect(deployment, reached, jobs, how);
    return {
      problems: [...problems, ...there.problems],
      arrived: new Set([...arrived, ...there.arrived]),
      lost: new Set([...lost, ...there.lost]),
    };
  }

  job(deployment: Deployment, run: string): JobAccess {
    const job = this.instances.places.job(deployment, run);
    return {
      log: async (offset, follow, io) => {
        await this.instances.outcomes(deployment);
        return job.log(offset, follow, io);
      },
      offset: async (from) => {
        await this.instances.outcomes(deployment);
        return job.offset(from);
      },
      enter: (container, words, tty) => job.enter(container, words, tty),
    };
  }
}

function hasStopped({ name, own }: AwsMachine): Unreachable {
  return new Unreachable(name, `is stopped, and its disk is kept (${own.instance})`, [
    ownLine('sync', [], 'starts it, and collects; it stops again when it is idle'),
    ownLine('terminate', [], 'collects everything, and terminates it'),
  ]);
}
