import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  listUnneeded,
  parseRemovals,
  type Removal,
  removeUnneeded,
  type UnneededThing,
} from '../../machines/unneeded.js';
import { command, write } from '../../shell/command.js';
import { CommandFailed } from '../../shell/executor.js';
import type { Route } from '../../tools/ssh/route.js';
import type { TargetContext } from '../context.js';
import type { SshAccess } from '../over-ssh/access.js';
import { onEach } from '../over-ssh/on-each.js';
import type { Cleaning, LeftOn, MachinesAsked, PlaceProblem } from '../target.js';

/** Removing large folders takes long. */
const ofRemoval = { timeoutMs: 1_800_000 } as const;

/** So many go into one line: a command line has a limit. */
const mostInALine = 200;

/** Machines between deployments: what is left there. */
export class HostsCleaning implements Cleaning {
  /** Of the machines that were reached. */
  readonly #routes = new Map<string, Route>();

  constructor(
    private readonly context: TargetContext,
    private readonly access: SshAccess,
    /** Does the work for each of the machines, which are known to be who they are. */
    private readonly onEachMachine: (
      asked: MachinesAsked,
      work: (name: string, route: Route) => Promise<void>,
    ) => Promise<PlaceProblem[]>,
  ) {}

  async find(asked: MachinesAsked) {
    const { experimentName, remoteDockerCommand } = asked.parameters;
    const script = readFileSync(this.context.templates.unneeded, 'utf8');
    const left: LeftOn[] = [];
    const given = { docker: remoteDockerCommand, discarded: this.context.deployments.discarded };
    const problems = await this.onEachMachine(asked, async (name, route) => {
      const connection = this.access.connect(name, route);
      const found = await listUnneeded(connection, script, experimentName, given);
      this.#routes.set(name, route);
      left.push({ place: name, ...found });
    });
    return { left: left.sort((one, other) => one.place.localeCompare(other.place)), problems };
  }

  async remove(docker: string, left: readonly LeftOn[]) {
    const asked = left.filter(({ things }) => things.length > 0);
    const removals = new Map<string, readonly Removal[]>();
    if (asked.length === 0) return { removals, problems: [] };
    await this.#writeConfig();
    const problems = await onEach(
      asked,
      ({ place }) => place,
      async ({ place, things }) => {
        const done: Removal[] = [];
        for (let from = 0; from < things.length; from += mostInALine) {
          done.push(...(await this.#removeOn(place, docker, things.slice(from, from + mostInALine))));
          removals.set(place, done);
        }
      },
    );
    return { removals, problems };
  }

  async #removeOn(place: string, docker: string, things: readonly UnneededThing[]): Promise<Removal[]> {
    const { executor, templates, deployments } = this.context;
    const route = this.#routes.get(place);
    if (!route) throw new Error(`${place} was not looked at`);
    const connection = this.access.connect(place, route, { config: this.#config });
    if (!executor.dryRun) await connection.ready();
    const line = connection.reach(
      removeUnneeded(templates.unneeded, { docker, discarded: deployments.discarded }, things),
    );
    const outcome = await executor.attempt(line, ofRemoval);
    if (executor.dryRun) return [];
    if (outcome.code !== 0) throw new CommandFailed(line, outcome);
    return parseRemovals(outcome.stdout, things);
  }

  /** For the printed lines. The deployment's own file names its machines, which may be others. */
  get #config(): string {
    return join(this.context.deployments.folder, 'ssh_config.clean');
  }

  async #writeConfig(): Promise<void> {
    const { executor, deployments } = this.context;
    const machines = [...this.#routes].map(([name, route]) => ({ name, aliases: [], route }));
    await executor.change(command('mkdir', '-p', deployments.folder));
    await executor.change(command('mkdir', '-p', '-m', '700', this.access.sockets));
    // Each first contact has written it already.
    if (executor.dryRun) await executor.change(write(deployments.knownHosts, this.access.knownHostsText));
    await executor.change(write(this.#config, this.access.configFor(machines)));
  }
}
