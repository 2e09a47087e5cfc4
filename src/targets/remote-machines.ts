import { existsSync, readFileSync } from 'node:fs';
import { type Connection, notYet } from '../machines/connection.js';
import type { SweepScript } from '../machines/job-script.js';
import type { JobReport } from '../machines/job-state.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import { command, write } from '../shell/command.js';
import { type NamedRoute, namesKnownHosts } from '../tools/ssh/config-file.js';
import { NotThereYet } from '../tools/ssh/errors.js';
import type { Route } from '../tools/ssh/route.js';
import { onEach } from './on-each.js';
import { jobsThere, sweepThere } from './remote-layout.js';
import { RemoteMachine } from './remote-machine.js';
import { SshAccess } from './ssh-access.js';
import type { Surroundings } from './surroundings.js';
import type {
  CollectedJob,
  Collecting,
  LaunchedJob,
  MachineProblem,
  Place,
  Sweep,
  TargetStatus,
} from './target.js';

/** A machine to which somebody knows the way. */
export type ReachedMachine = DeployedMachine & { readonly route: Route };

export const isReached = (machine: DeployedMachine): machine is ReachedMachine => machine.route !== null;

/** What a target has to do before jobs are brought to a machine, and afterwards. */
interface Around {
  readonly isReady?: (machine: DeployedMachine) => Promise<void>;
  readonly isDelivered?: (machine: DeployedMachine, connection: Connection) => Promise<void>;
}

/** Machines of a deployment over SSH, all together: what is the same for every target that has some. */
export class RemoteMachines {
  readonly access: SshAccess;

  constructor(private readonly world: Surroundings) {
    this.access = new SshAccess(world.deployments, world.ssh, world.home);
  }

  jobFolder({ root }: DeployedMachine, run: string): string {
    return `${jobsThere(root ?? '', this.world.experiment)}/${run}`;
  }

  sweepOn({ root }: DeployedMachine, sweep: Sweep): SweepScript {
    return sweepThere(root ?? '', sweep);
  }

  /** Brings the jobs to these machines, and sets their queues going.
   *  @param around what is done before and after, machine by machine */
  deliver(
    deployment: Deployment,
    machines: readonly DeployedMachine[],
    sweep: Sweep,
    jobs: readonly LaunchedJob[],
    { isReady, isDelivered }: Around = {},
  ): Promise<MachineProblem[]> {
    const { executor, step } = this.world;
    const tell = executor.dryRun ? () => {} : step;
    for (const { name } of machines) tell(name, 'starting');
    return onEach(
      machines,
      ({ name }) => name,
      async (machine, name) => {
        try {
          await isReady?.(machine);
          tell(name, 'delivering');
          await this.#machine(deployment, machine).deliver(sweep, jobsOn(jobs, machine));
          await isDelivered?.(machine, this.#connection(machine));
          tell(name, 'delivered');
        } catch (error) {
          const [failed = ''] = (error as Error).message.split('\n');
          tell(name, { failed, refused: false });
          throw error;
        }
      },
    );
  }

  /** What these machines say of the deployment's jobs. */
  async status(deployment: Deployment, machines: readonly DeployedMachine[]): Promise<TargetStatus> {
    if (this.#hasMoved()) await this.writeConfig(deployment);
    const reports = new Map<string, JobReport>();
    const problems = await onEach(
      machines,
      ({ name }) => name,
      async (machine) => {
        const jobs = jobsOn(deployment.jobs, machine);
        const away = movedFrom(deployment.jobs, machine);
        if (jobs.length + away.length === 0) return;
        const runs = new Map(jobs.map((job) => [job.folder, job.run]));
        for (const report of await this.#machine(deployment, machine).report(jobs, away))
          reports.set(runs.get(report.folder) ?? '', report);
      },
    );
    return { reports, problems };
  }

  /** Brings home what the jobs have left on these machines. */
  collect(
    deployment: Deployment,
    machines: readonly DeployedMachine[],
    jobs: readonly CollectedJob[],
    how: Collecting,
  ): Promise<MachineProblem[]> {
    return onEach(
      machines,
      ({ name }) => name,
      (machine) => this.#machine(deployment, machine).collect(jobsOn(jobs, machine), how),
    );
  }

  /** Leaves nothing of the deployment on these machines but what later ones share. */
  release(deployment: Deployment, machines: readonly DeployedMachine[]): Promise<MachineProblem[]> {
    return onEach(
      machines,
      ({ name }) => name,
      (machine) => {
        const own = jobsOn(deployment.jobs, machine).map((job) => job.folder);
        return this.#machine(deployment, machine).release([...own, ...movedFrom(deployment.jobs, machine)]);
      },
    );
  }

  placeOf(deployment: Deployment, job: DeployedJob): Place {
    const machine = deployment.machines.find(({ name }) => name === job.machine);
    if (!machine) throw new Error(`${job.machine} is no machine of deployment ${deployment.id}`);
    return this.#machine(deployment, machine).place;
  }

  /** The files through which ssh, git, rsync and people find the machines. */
  async writeConfig(deployment: Deployment): Promise<void> {
    const { executor, deployments } = this.world;
    const routes = deployment.machines.flatMap((machine): NamedRoute[] => {
      const aliases = jobsOn(deployment.jobs, machine).map((job) => job.condition);
      const others = [...new Set(aliases)].filter((alias) => alias !== machine.name);
      return machine.route ? [{ name: machine.name, aliases: others, route: machine.route }] : [];
    });
    await executor.change(command('mkdir', '-p', deployments.folder));
    await executor.change(command('mkdir', '-p', '-m', '700', this.access.sockets));
    await executor.change(write(deployments.knownHosts, this.access.knownHostsText));
    await executor.change(write(deployments.sshConfig, this.access.configFor(routes)));
    const line = (id: string, { user, host }: Route) => `${user}@${host}\t${id}\n`;
    deployments.writeMachines(
      deployment.machines
        .flatMap((machine) => {
          const own = new Set(jobsOn(deployment.jobs, machine).map((job) => job.condition));
          return machine.route ? [...own].map((id) => line(id, machine.route as Route)) : [];
        })
        .join(''),
    );
  }

  #machine(deployment: Deployment, machine: DeployedMachine): RemoteMachine {
    const connection = this.#connection(machine);
    return new RemoteMachine(this.world, machine, connection, deployment);
  }

  #connection({ name, route, cloud }: DeployedMachine): Connection {
    if (route) return this.access.connect(name, route);
    if (cloud && this.world.executor.dryRun) return notYet(this.world.deployments.sshConfig, name);
    throw new NotThereYet(name);
  }

  /** The experiment's folder is no longer where it was when the files were written that name it. */
  #hasMoved(): boolean {
    const { sshConfig, knownHosts } = this.world.deployments;
    return existsSync(sshConfig) && !namesKnownHosts(readFileSync(sshConfig, 'utf8'), knownHosts);
  }
}

export const unreleased = ({ machines }: Deployment): readonly DeployedMachine[] =>
  machines.filter(({ released }) => released === null);

export const jobsOn = <T extends DeployedJob>(jobs: readonly T[], { name }: DeployedMachine): T[] =>
  jobs.filter(({ machine }) => machine === name);

/** Folders of jobs that were the machine's before they became another's. */
const movedFrom = (jobs: readonly DeployedJob[], { name }: DeployedMachine): string[] =>
  jobs
    .flatMap((job) => job.moved_from ?? [])
    .filter(({ machine }) => machine === name)
    .map(({ folder }) => folder);
