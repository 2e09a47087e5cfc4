import { readFileSync } from 'node:fs';
import { ownLine, UserError } from '../../errors.js';
import type { Parameters } from '../../experiment/parameters.js';
import type { Host } from '../../experiment/settings.js';
import { lacksFor, lacksOf, type Needs, NotReady, type SourceNeeds } from '../../machines/lacks.js';
import { slots, wantsGpus } from '../../machines/slots.js';
import { type Survey as MachineSurvey, survey } from '../../machines/survey.js';
import type { User } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import type { Deployment, Place } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { unreleased } from '../../runs/placement.js';
import type { Io } from '../../shell/process.js';
import { programWordsOf } from '../../tools/docker/lines.js';
import type { Route } from '../../tools/ssh/route.js';
import { buildHere } from '../build-here.js';
import type { TargetContext } from '../context.js';
import { rootIn } from '../over-ssh/layout.js';
import { onEach } from '../over-ssh/on-each.js';
import { SshPlaces } from '../over-ssh/places.js';
import type {
  Bundle,
  Cleaning,
  CollectedJob,
  Collecting,
  Finding,
  Holding,
  LaunchedJob,
  MachinesAsked,
  Offer,
  PlacedRun,
  PlaceProblem,
  Survey,
  SurveyRequest,
  Target,
  Trust,
} from '../target.js';
import { HostsCleaning } from './cleaning.js';
import { findingsOf } from './findings.js';
import { identify } from './identity.js';
import { hostNames } from './names.js';

class NoHosts extends UserError {
  constructor() {
    super('Target hosts needs machines, and parameters.json names none.', [
      '"hosts": ["user@gpu1", "user@gpu2:2222"]    # in parameters.json',
      ownLine('deploy', ['--hosts', 'user@gpu1,user@gpu2:2222']),
    ]);
  }
}

/** The record of a host in a deployment: its identity, not its present route. */
interface HostPlace {
  readonly address: string;
  readonly jump: string | null;
  /** Our folder on it. */
  readonly root: string;
  readonly user: User;
  /** Whether its engine is rootless. */
  readonly rootless?: boolean;
  /** Whether it has a `timeout` with `-k`. */
  readonly has_timeout?: boolean;
}

const hostAt = ({ own }: Place): HostPlace => own as HostPlace;

/** Existing machines over SSH. Each has a queue of its own, which runs without us. */
export class HostsTarget implements Target {
  readonly name = 'hosts';
  readonly pace = 500;
  readonly holding: Holding = {
    resume: (deployment, places) => this.#places.resume(deployment, places),
    hold: (deployment, places, failures) => this.#places.hold(deployment, places, failures),
  };
  readonly rental = null;
  readonly needs = new Set(['ssh'] as const);
  readonly cleaning: Cleaning;
  readonly #places: SshPlaces;

  constructor(private readonly context: TargetContext) {
    this.#places = new SshPlaces(context, (place) => {
      const { root, user, rootless = false, has_timeout: hasTimeout = false, address, jump } = hostAt(place);
      return { root, user, rootless, hasTimeout, route: () => this.#routeOf({ address, jump }) };
    });
    this.cleaning = new HostsCleaning(context, this.#places.ways.access, (asked, work) =>
      this.#onEachHost(asked, async (host, name) =>
        work(name, await this.#identified(host, name, asked.trust)),
      ),
    );
  }

  async survey(asked: SurveyRequest): Promise<Survey> {
    const offers = new Map<string, Offer>();
    const docker = asked.parameters.remoteDockerCommand;
    const problems = await this.#onEachHost(asked, async (host, name) => {
      offers.set(name, await this.#find(host, name, asked));
    });
    const inOrder = [...namedHosts(asked).keys()].flatMap((name) => offers.get(name) ?? []);
    return { offers: inOrder, problems, docker };
  }

  async examine(asked: MachinesAsked, machines: boolean): Promise<readonly Finding[]> {
    if (!machines) return [];
    const found = new Map<string, MachineSurvey>();
    const problems = await this.#onEachHost(asked, async (host, name) => {
      found.set(name, await this.#look(host, name, asked));
    });
    return [...namedHosts(asked)].flatMap(([name, host]) =>
      findingsOf(
        name,
        found.get(name),
        // What the source needs is known only once the commit is.
        needsOf(host, asked.parameters, { largeFiles: false, sha256: false }),
        problems.find(({ place }) => place === name),
      ),
    );
  }

  placed(deployment: Deployment, place: Place, run: string, recipe: Recipe, bundle: Bundle): PlacedRun {
    return this.#places.placed(deployment, place, run, recipe, bundle);
  }

  async launch(live: LiveDeployment, jobs: readonly LaunchedJob[], bundle: Bundle, io: Io) {
    await buildHere(this.context, bundle, jobs, io);
    const deployment = live.now;
    const wanted = deployment.places.filter(({ name }) => jobs.some(({ place }) => place === name));
    return this.#places.deliver(deployment, wanted, bundle, jobs);
  }

  async look(deployment: Deployment, runs: ReadonlySet<string>, end: number) {
    const looked = await this.#places.look(deployment, unreleased(deployment), runs, end);
    return { ...looked, ended: new Map() };
  }

  revive(deployment: Deployment, places: ReadonlySet<string>) {
    return this.#places.revive(deployment, places);
  }

  stop(deployment: Deployment, runs: ReadonlySet<string>, grace: number) {
    return this.#places.stop(deployment, runs, grace);
  }

  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    return this.#places.collect(deployment, unreleased(deployment), jobs, how);
  }

  release(live: LiveDeployment, places: ReadonlySet<string>) {
    const deployment = live.now;
    return this.#places.release(
      deployment,
      unreleased(deployment).filter(({ name }) => places.has(name)),
    );
  }

  job(deployment: Deployment, run: string) {
    return this.#places.job(deployment, run);
  }

  /** @throws NoHosts */
  #onEachHost(
    asked: Pick<SurveyRequest, 'parameters' | 'hosts'>,
    work: (host: Host, name: string) => Promise<unknown>,
  ): Promise<PlaceProblem[]> {
    const hosts = namedHosts(asked);
    if (hosts.size === 0) throw new NoHosts();
    return onEach(
      [...hosts],
      ([name]) => name,
      ([name, host]) => work(host, name),
    );
  }

  #routeOf({ address, jump }: Pick<Host, 'address' | 'jump'>): Promise<Route> {
    return this.#places.ways.routeOf(address, jump);
  }

  /** The way to a machine that is who it was, or is trusted now. */
  async #identified(host: Host, name: string, trust: Trust): Promise<Route> {
    const route = await this.#routeOf(host);
    await identify(this.#places.ways.access, this.context.executor, name, host, route, trust);
    return route;
  }

  async #look(
    host: Host,
    name: string,
    { parameters, trust }: Pick<SurveyRequest, 'parameters' | 'trust'>,
  ): Promise<MachineSurvey> {
    const { templates, now } = this.context;
    const { access } = this.#places.ways;
    const route = await this.#identified(host, name, trust);
    const script = readFileSync(templates.survey, 'utf8');
    return survey(access.connect(name, route), script, programWordsOf(parameters.remoteDockerCommand), now);
  }

  async #find(host: Host, name: string, asked: SurveyRequest): Promise<Offer> {
    const found = await this.#look(host, name, asked);
    const wish = asked.parameters.gpus;
    const lacks = [
      ...lacksOf(found),
      ...lacksFor(found, needsOf(host, asked.parameters, asked.source)),
    ].filter(({ tolerable }) => !tolerable);
    const { engine, user, gpus: all } = found;
    if (lacks.length > 0 || !engine) throw new NotReady(name, lacks);
    const gpus = host.gpus === null ? all : host.gpus.map(String);
    const own: HostPlace = {
      ...{ address: host.address, jump: host.jump, root: rootIn(found.home), user },
      ...(engine.users === 'rootless' && { rootless: true }),
      ...(found.has.has('timeout') && { has_timeout: true }),
    };
    return {
      facts: { name, user, engine, gpus },
      only: null,
      text: null,
      place: {
        name,
        here: false,
        slots: slots(wish, gpus, engine, asked.slots ?? host.slots ?? undefined),
        rented: null,
        own,
        released: null,
      },
    };
  }
}

const needsOf = (host: Host, { gpus, secrets }: Parameters, source: SourceNeeds): Needs => ({
  ...source,
  secrets: secrets.length > 0,
  gpus: wantsGpus(gpus) && host.gpus?.length !== 0,
});

/** The requested hosts, by name. */
function namedHosts({ parameters, hosts }: { parameters: Parameters; hosts: readonly Host[] | null }) {
  const all = hosts ?? parameters.hosts;
  const names = hostNames(all.map((host) => host.address));
  return new Map(all.map((host, index): [string, Host] => [names[index] ?? '', host]));
}
