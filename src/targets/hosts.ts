import { readFileSync } from 'node:fs';
import { UserError } from '../errors.js';
import type { Host } from '../experiment/settings.js';
import type { SweepScript } from '../machines/job-script.js';
import { slots } from '../machines/slots.js';
import { lacksFor, lacksOf, NotReady, type Survey, survey } from '../machines/survey.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import type { Io } from '../shell/process.js';
import { programWordsOf } from '../tools/docker/command-line.js';
import { parseRoute, type Route, resolveRoute } from '../tools/ssh/route.js';
import { identify } from './host-identity.js';
import { hostNames } from './host-names.js';
import { onEach } from './on-each.js';
import { rootIn } from './remote-layout.js';
import { RemoteMachines, unreleased } from './remote-machines.js';
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
  readonly #machines: RemoteMachines;

  constructor(private readonly world: Surroundings) {
    this.docker = world.remoteDocker;
    this.#machines = new RemoteMachines(world);
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
    const config = this.#machines.access.userConfig;
    const said = await executor.read(resolveRoute(host.address, host.jump, config));
    const route = parseRoute(said, { home, env, config });
    await identify(this.#machines.access, executor, name, host, route, this.world.trust);
    const script = readFileSync(this.world.survey, 'utf8');
    const connection = this.#machines.access.connect(name, route);
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

  jobFolder(machine: DeployedMachine, run: string): string {
    return this.#machines.jobFolder(machine, run);
  }

  sweepOn(machine: DeployedMachine, sweep: Sweep): SweepScript {
    return this.#machines.sweepOn(machine, sweep);
  }

  async launch(deployment: Deployment, sweep: Sweep, jobs: readonly LaunchedJob[], io: Io) {
    await this.#machines.writeConfig(deployment);
    if (sweep.transport === 'ssh') await this.world.buildHere(sweep, io);
    const wanted = deployment.machines.filter(({ name }) => jobs.some(({ machine }) => machine === name));
    return this.#machines.deliver(deployment, wanted, sweep, jobs);
  }

  status(deployment: Deployment): Promise<TargetStatus> {
    return this.#machines.status(deployment, unreleased(deployment));
  }

  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    return this.#machines.collect(deployment, unreleased(deployment), jobs, how);
  }

  release(deployment: Deployment, machines: readonly DeployedMachine[]) {
    return this.#machines.release(deployment, machines);
  }

  placeOf(deployment: Deployment, job: DeployedJob): Place {
    return this.#machines.placeOf(deployment, job);
  }
}
