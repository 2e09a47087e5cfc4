import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { type Connection, notYet } from '../../machines/connection.js';
import type { User } from '../../machines/user.js';
import type { DeployedJob, Deployment, Place } from '../../runs/deployment.js';
import { jobsAt, unreleased } from '../../runs/placement.js';
import { command, write } from '../../shell/command.js';
import type { NamedRoute } from '../../tools/ssh/config-file.js';
import type { Route } from '../../tools/ssh/route.js';
import { RouteAnswers } from '../../tools/ssh/route-answers.js';
import { NotThereYet } from '../../tools/ssh/unreachable.js';
import type { TargetContext } from '../context.js';
import { SshAccess } from './access.js';

/** A target's facts about one of its machines over SSH. */
export interface SshMachine {
  /** Our folder on it, an absolute path. */
  readonly root: string;
  readonly user: User;
  /** Whether its engine is rootless. */
  readonly rootless: boolean;
  /** Whether it is known to have a `timeout` with `-k`. */
  readonly hasTimeout: boolean;
  /** Its present route; null: it does not exist yet, or its address is unknown. Found out by each command: it may
   * depend on this computer's network. @throws UserError */
  route(): Promise<Route | null>;
}

/** How long a route is cached, in milliseconds. */
const freshness = 10_000;

/** A cached route, the facts that it was based on, and its time. */
interface Known {
  readonly own: string;
  readonly at: number;
  readonly route: Promise<Route | null>;
}

/** The present routes to a deployment's machines: for our sessions, and in the files that ssh reads. */
export class SshWays {
  readonly access: SshAccess;
  readonly #answers: RouteAnswers;
  readonly #routes = new Map<string, Known>();

  constructor(
    private readonly context: TargetContext,
    private readonly machineOf: (place: Place) => SshMachine,
  ) {
    this.access = new SshAccess(context.deployments, context.ssh, context.home);
    this.#answers = new RouteAnswers(context.deployments);
  }

  /** Updates the files through which ssh, git, rsync and users find the machines. */
  async writeConfig(deployment: Deployment): Promise<void> {
    const { executor, deployments } = this.context;
    const found = await this.#reached(deployment);
    this.#answers.save();
    const config = this.access.configFor(found);
    const { knownHostsText } = this.access;
    const isCurrent =
      readOrEmpty(deployments.sshConfig) === config && readOrEmpty(deployments.knownHosts) === knownHostsText;
    if (isCurrent) return;
    await executor.change(command('mkdir', '-p', deployments.folder));
    await executor.change(command('mkdir', '-p', '-m', '700', this.access.sockets));
    await executor.change(write(deployments.knownHosts, knownHostsText));
    await executor.change(write(deployments.sshConfig, config));
    const lines = found.flatMap(({ name, route: { user, host } }) =>
      conditionsAt(deployment.jobs, name).map((id) => `${user}@${host}\t${id}\n`),
    );
    deployments.writeMachines(lines.join(''));
  }

  /** @throws NotThereYet, UserError */
  async connection(place: Place): Promise<Connection> {
    const { name, rented } = place;
    const route = await this.routeTo(place);
    const { hasTimeout } = this.machineOf(place);
    if (route) return this.access.connect(name, route, { hasTimeout });
    if (rented && this.context.executor.dryRun) return notYet(this.context.deployments.sshConfig, name);
    throw new NotThereYet(name);
  }

  /** The present route to an address by the user's own configuration. @throws CommandFailed if ssh cannot tell */
  routeOf(address: string, jump: string | null): Promise<Route> {
    const { executor, env, home } = this.context;
    return this.#answers.routeTo(executor, address, jump, { home, env, config: this.access.userConfig });
  }

  /** Cached for a short time only: following a sweep takes long, and the route may change. */
  routeTo(place: Place): Promise<Route | null> {
    const own = JSON.stringify(place.own);
    const known = this.#routes.get(place.name);
    if (known?.own === own && Date.now() - known.at < freshness) return known.route;
    const route = this.machineOf(place).route();
    route.catch(() => {});
    this.#routes.set(place.name, { own, at: Date.now(), route });
    return route;
  }

  /** Drops cached routes: addresses may have changed. */
  forgetRoutes(): void {
    this.#routes.clear();
  }

  /** The unreleased places with a route. An error in finding one is reported when that place is used. */
  async #reached(deployment: Deployment): Promise<NamedRoute[]> {
    const found = await Promise.all(
      unreleased(deployment).map(async (place): Promise<NamedRoute[]> => {
        const route = await this.routeTo(place).catch((error: unknown) => {
          if (error instanceof UserError) return null;
          throw error;
        });
        const aliases = conditionsAt(deployment.jobs, place.name).filter((id) => id !== place.name);
        return route ? [{ name: place.name, aliases, route }] : [];
      }),
    );
    return found.flat();
  }
}

const conditionsAt = (jobs: readonly DeployedJob[], place: string): string[] => [
  ...new Set(jobsAt(jobs, place).map(({ condition }) => condition)),
];

const readOrEmpty = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
