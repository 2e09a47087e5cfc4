import { existsSync, readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import { UserError } from '../errors.js';
import type { Host } from '../experiment/settings.js';
import { connectionLoss } from '../machines/connection.js';
import type { SweepScript } from '../machines/job-script.js';
import type { JobReport } from '../machines/job-state.js';
import { slots } from '../machines/slots.js';
import { lacksFor, lacksOf, NotReady, type Survey, survey } from '../machines/survey.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import { command, write } from '../shell/command.js';
import { CommandFailed } from '../shell/executor.js';
import type { Io } from '../shell/process.js';
import { programWordsOf } from '../tools/docker/command-line.js';
import { type NamedRoute, namesKnownHosts } from '../tools/ssh/config-file.js';
import { parseRoute, type Route, resolveRoute } from '../tools/ssh/route.js';
import { identify } from './host-identity.js';
import { hostNames } from './host-names.js';
import { jobsThere, rootIn, sweepThere } from './remote-layout.js';
import { RemoteMachine } from './remote-machine.js';
import { SshAccess } from './ssh-access.js';
import type { Surroundings } from './surroundings.js';
import type {
  CollectedJob,
  Collecting,
  FoundMachine,
  LaunchedJob,
  MachineProblem,
  Place,
  Sweep,
  Target,
  TargetStatus,
  Wish,
} from './target.js';

/** Machines at which we are at work at the same time. */
const atOnce = 30;

class NoHosts extends UserError {
  constructor() {
    super('Target hosts needs machines, and parameters.json names none.', [
      '"hosts": ["user@gpu1", "user@gpu2:2222"]    # in parameters.json',
      'logistician deploy --hosts user@gpu1,user@gpu2:2222',
    ]);
  }
}

/** Machines that people have already, over SSH. Each has a queue of its own, worked off without us. */
export class HostsTarget implements Target {
  readonly name = 'hosts';
  readonly docker: string;
  readonly #access: SshAccess;

  constructor(private readonly world: Surroundings) {
    this.docker = world.remoteDocker;
    this.#access = new SshAccess(world.deployments, world.ssh, world.home);
  }

  async survey(wish: Wish): Promise<{ machines: FoundMachine[]; problems: MachineProblem[] }> {
    if (this.world.hosts.length === 0) throw new NoHosts();
    const names = hostNames(this.world.hosts.map((host) => host.address));
    const machines: FoundMachine[] = [];
    const problems = await onEach(
      this.world.hosts,
      (_, place) => names[place] ?? '',
      async (host, name) => {
        machines.push(await this.#find(host, name, wish));
      },
    );
    const order = (found: FoundMachine) => names.indexOf(found.deployed.name);
    return { machines: machines.sort((one, other) => order(one) - order(other)), problems };
  }

  /** What each machine has, good or bad, by its name. */
  async examine(): Promise<{
    found: ReadonlyMap<string, Survey>;
    problems: readonly MachineProblem[];
  }> {
    if (this.world.hosts.length === 0) throw new NoHosts();
    const names = hostNames(this.world.hosts.map((host) => host.address));
    const found = new Map<string, Survey>();
    const problems = await onEach(
      this.world.hosts,
      (_, place) => names[place] ?? '',
      async (host, name) => {
        found.set(name, (await this.#look(host, name)).survey);
      },
    );
    const inOrder = names.flatMap((name): [string, Survey][] => {
      const one = found.get(name);
      return one ? [[name, one]] : [];
    });
    return { found: new Map(inOrder), problems };
  }

  async #look(host: Host, name: string): Promise<{ survey: Survey; route: Route }> {
    const { executor, env, home, remoteDocker, now } = this.world;
    const config = this.#access.userConfig;
    const said = await executor.read(resolveRoute(host.address, host.jump, config));
    const route = parseRoute(said, { home, env, config });
    await identify(this.#access, executor, name, host, route, this.world.trust);
    const script = readFileSync(this.world.survey, 'utf8');
    const connection = this.#access.connect(name, route);
    return { survey: await survey(connection, script, programWordsOf(remoteDocker), now), route };
  }

  async #find(host: Host, name: string, wish: Wish): Promise<FoundMachine> {
    const { survey: found, route } = await this.#look(host, name);
    const lacks = [...lacksOf(found), ...lacksFor(found, wish)].filter(({ bearable }) => !bearable);
    const { engine, user, gpus: all } = found;
    if (lacks.length > 0 || !engine) throw new NotReady(name, lacks);
    const gpus = host.gpus === null ? all : host.gpus.map(String);
    return {
      facts: { name, user, engine, gpus },
      deployed: {
        name,
        slots: slots(wish.gpus, gpus, engine, wish.slots ?? host.slots ?? undefined),
        root: rootIn(found.home),
        route,
        released: null,
      },
    };
  }

  jobFolder({ root }: DeployedMachine, run: string): string {
    return `${jobsThere(root ?? '', this.world.experiment)}/${run}`;
  }

  sweepOn({ root }: DeployedMachine, sweep: Sweep): SweepScript {
    return sweepThere(root ?? '', sweep);
  }

  async launch(deployment: Deployment, sweep: Sweep, jobs: readonly LaunchedJob[], io: Io) {
    await this.#writeConfig(deployment);
    if (sweep.transport === 'ssh') await this.world.buildHere(sweep, io);
    const wanted = deployment.machines.filter(({ name }) => jobs.some(({ machine }) => machine === name));
    return onEach(
      wanted,
      ({ name }) => name,
      (machine) => this.#machine(deployment, machine).deliver(sweep, jobsOn(jobs, machine)),
    );
  }

  async status(deployment: Deployment): Promise<TargetStatus> {
    if (this.#hasMoved()) await this.#writeConfig(deployment);
    const reports = new Map<string, JobReport>();
    const problems = await onEach(
      unreleased(deployment),
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

  async collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    return onEach(
      unreleased(deployment),
      ({ name }) => name,
      (machine) => this.#machine(deployment, machine).collect(jobsOn(jobs, machine), how),
    );
  }

  async release(deployment: Deployment, machines: readonly DeployedMachine[]) {
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

  #machine(deployment: Deployment, machine: DeployedMachine): RemoteMachine {
    if (!machine.route) throw new Error(`nobody knows how to reach ${machine.name}`);
    const connection = this.#access.connect(machine.name, machine.route);
    return new RemoteMachine(this.world, machine, connection, deployment);
  }

  /** The experiment's folder is no longer where it was when the files were written that name it. */
  #hasMoved(): boolean {
    const { sshConfig, knownHosts } = this.world.deployments;
    return existsSync(sshConfig) && !namesKnownHosts(readFileSync(sshConfig, 'utf8'), knownHosts);
  }

  /** The files through which ssh, git, rsync and people find the machines. */
  async #writeConfig(deployment: Deployment): Promise<void> {
    const { executor, deployments } = this.world;
    const routes = deployment.machines.flatMap((machine): NamedRoute[] => {
      const aliases = jobsOn(deployment.jobs, machine).map((job) => job.condition);
      return machine.route
        ? [{ name: machine.name, aliases: [...new Set(aliases)], route: machine.route }]
        : [];
    });
    await executor.change(command('mkdir', '-p', deployments.folder));
    await executor.change(command('mkdir', '-p', '-m', '700', this.#access.sockets));
    await executor.change(write(deployments.knownHosts, this.#access.knownHostsText));
    await executor.change(write(deployments.sshConfig, this.#access.configFor(routes)));
    deployments.writeMachines(
      routes
        .flatMap(({ aliases, route }) => aliases.map((id) => `${route.user}@${route.host}\t${id}\n`))
        .join(''),
    );
  }
}

const unreleased = ({ machines }: Deployment) => machines.filter(({ released }) => released === null);

const jobsOn = <T extends DeployedJob>(jobs: readonly T[], { name }: DeployedMachine): T[] =>
  jobs.filter(({ machine }) => machine === name);

/** Folders of jobs that were the machine's before they became another's. */
const movedFrom = (jobs: readonly DeployedJob[], { name }: DeployedMachine): string[] =>
  jobs
    .flatMap((job) => job.moved_from ?? [])
    .filter(({ machine }) => machine === name)
    .map(({ folder }) => folder);

/** Does the work for each machine, several at a time. @returns what went wrong with some of them */
async function onEach<T>(
  items: readonly T[],
  nameOf: (item: T, place: number) => string,
  work: (item: T, name: string) => Promise<unknown>,
): Promise<MachineProblem[]> {
  const limit = pLimit(atOnce);
  const outcomes = await Promise.all(
    items.map((item, place) =>
      limit(async (): Promise<MachineProblem | null> => {
        const name = nameOf(item, place);
        try {
          await work(item, name);
          return null;
        } catch (error) {
          return { machine: name, problem: problemOf(name, error) };
        }
      }),
    ),
  );
  return outcomes.filter((outcome) => outcome !== null);
}

/** @throws what is no problem of the machine's */
function problemOf(machine: string, error: unknown): UserError {
  if (error instanceof CommandFailed) return connectionLoss(machine, error) ?? error;
  if (error instanceof UserError) return error;
  throw error;
}
