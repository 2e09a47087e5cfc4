import { existsSync, readFileSync } from 'node:fs';
import type { Connection } from '../machines/connection.js';
import type { DeployedMachine, Deployment } from '../runs/deployment.js';
import { startInstances, stopInstances } from '../tools/aws/command-line.js';
import { NotThereYet, Unreachable } from '../tools/ssh/errors.js';
import { untilReady } from './aws-boot.js';
import { noteDeployment } from './aws-deployments.js';
import { stopWhenIdle } from './aws-idle.js';
import { forgetInstances, instancesOf, openApiOf } from './aws-instances.js';
import { fateOf, isRented, type RentedMachine } from './aws-plan.js';
import { startStopped } from './aws-wake.js';
import { onEach } from './on-each.js';
import { isReached, type RemoteMachines, unreleased } from './remote-machines.js';
import type { Surroundings } from './surroundings.js';
import type { CollectedJob, Collecting, EndedJob, MachineProblem, TargetStatus } from './target.js';

/** A machine that has run its jobs had what they needed. */
const anything = { largeFiles: false, secrets: false };

/** Rented machines that are there: machines over SSH of which AWS knows more than they themselves. */
export class RentedMachines {
  constructor(
    private readonly world: Surroundings,
    private readonly machines: RemoteMachines,
  ) {}

  async status(deployment: Deployment): Promise<TargetStatus> {
    const { executor, home, deployments } = this.world;
    // The experiment may have been moved to another folder.
    if (!executor.dryRun) noteDeployment(home, deployment.id, deployments.folder);
    const machines = rented(deployment);
    const known = await instancesOf(machines);
    const ended = new Map<string, EndedJob>();
    const problems: MachineProblem[] = [];
    const stopped = new Set<string>();
    const asked: DeployedMachine[] = [];
    for (const machine of machines) {
      const own = deployment.jobs.filter((job) => job.machine === machine.name);
      const instance = known?.get(machine.cloud.instance ?? '');
      const fate = known || machine.cloud.refused ? fateOf(machine, instance) : 'ask';
      if (typeof fate === 'object') for (const { run } of own) ended.set(run, fate);
      else if (fate === 'stopped' && own.length > 0) {
        problems.push({ machine: machine.name, problem: hasStopped(machine) });
        stopped.add(machine.name);
      } else if (fate === 'ask' && machine.route)
        asked.push(at(machine, instance?.publicAddress, instance?.privateAddress));
    }
    await this.#writeMoved(deployment, asked);
    const told = await this.machines.status(deployment, asked);
    return { reports: told.reports, ended, problems: [...problems, ...told.problems], stopped };
  }

  async collect(
    deployment: Deployment,
    jobs: readonly CollectedJob[],
    how: Collecting,
  ): Promise<readonly MachineProblem[]> {
    const began = new Set(jobs.filter((job) => job.began).map(({ machine }) => machine));
    const machines = rented(deployment).filter(({ name }) => jobs.some(({ machine }) => machine === name));
    const known = await instancesOf(machines);
    const there: DeployedMachine[] = [];
    const problems: MachineProblem[] = [];
    for (const one of machines) {
      const machine = one.name;
      const fate = known ? fateOf(one, known.get(one.cloud.instance ?? '')) : 'ask';
      if (fate === 'ask' && one.route) there.push(one);
      // Wherever it is, there is nothing on it.
      else if (!began.has(machine)) continue;
      else if (fate === 'stopped') problems.push({ machine, problem: hasStopped(one) });
      else if (typeof fate === 'object')
        problems.push({ machine, problem: new Unreachable(machine, 'is gone'), isGone: true });
      else problems.push({ machine, problem: new NotThereYet(machine) });
    }
    return [...problems, ...(await this.machines.collect(deployment, there, jobs, how))];
  }

  async wake(
    deployment: Deployment,
    names: ReadonlySet<string>,
    sshCidr: string,
  ): Promise<readonly MachineProblem[]> {
    const machines = rented(deployment).filter(({ name }) => names.has(name));
    const [first] = machines;
    if (!first) return [];
    const api = await openApiOf(first.cloud);
    const { executor } = this.world;
    this.world.note(`Starting ${machines.length === 1 ? 'a machine' : `${machines.length} machines`} again.`);
    if (executor.dryRun) {
      await executor.change(
        startInstances(
          api.region,
          machines.flatMap(({ cloud }) => cloud.instance ?? []),
        ),
      );
      return [];
    }
    const { access } = this.machines;
    const nameOf = ({ name }: DeployedMachine) => name;
    const awake: DeployedMachine[] = [];
    const unstarted = await onEach(machines, nameOf, async (machine) => {
      const { publicAddress, privateAddress } = await startStopped(executor, api, machine);
      awake.push(at(machine, publicAddress, privateAddress));
    });
    forgetInstances();
    await this.#writeMoved(deployment, awake);
    const unready = await onEach(awake.filter(isReached), nameOf, async (machine) => {
      await untilReady(this.world, access, machine, sshCidr, anything);
      await this.stopWhenIdle(machine, access.connect(machine.name, machine.route));
    });
    return [...unstarted, ...unready.map((one) => ({ ...one, isOn: true }))];
  }

  async rest(deployment: Deployment, names: ReadonlySet<string>): Promise<void> {
    const machines = rented(deployment).filter(({ name }) => names.has(name));
    const ids = machines.flatMap(({ cloud }) => cloud.instance ?? []);
    const [first] = machines;
    if (first) await this.world.executor.change(stopInstances(first.cloud.region, ids));
    forgetInstances();
  }

  /** Sees to it that the machine stops when nothing is at work on it any more. */
  async stopWhenIdle({ name, root, cloud }: DeployedMachine, connection: Connection): Promise<void> {
    const minutes = cloud?.idle_minutes ?? null;
    if (minutes === null) return;
    const { executor, idle, note } = this.world;
    if (!(await stopWhenIdle(executor, connection, idle, `${root}/idle.sh`, minutes)))
      note(
        `${name} does not stop when it is idle, as its user cannot become root there; its deadline holds.`,
      );
  }

  /** Machines have other addresses since they were stopped and started. */
  async #writeMoved(before: Deployment, machines: readonly DeployedMachine[]): Promise<void> {
    const { deployments } = this.world;
    const config = existsSync(deployments.sshConfig) ? readFileSync(deployments.sshConfig, 'utf8') : '';
    const moved = machines.filter(({ name, route }) => {
      const known = before.machines.find((one) => one.name === name)?.route?.host;
      return route !== null && route.host !== known && !config.includes(`HostName ${route.host}\n`);
    });
    const all = moved.length > 0 ? deployments.read() : null;
    if (!all) return;
    const now = all.machines.map((one) => machines.find(({ name }) => name === one.name) ?? one);
    await this.machines.writeConfig({ ...all, machines: now });
  }
}

export const rented = (deployment: Deployment): RentedMachine[] => unreleased(deployment).filter(isRented);

/** The machine at the address that it has now. */
function at(
  machine: RentedMachine,
  publicAddress: string | null = null,
  privateAddress: string | null = null,
): DeployedMachine {
  const host = machine.cloud.ssh_address === 'public' ? publicAddress : privateAddress;
  return host && machine.route ? { ...machine, route: { ...machine.route, host } } : machine;
}

function hasStopped({ name, cloud }: RentedMachine): Unreachable {
  return new Unreachable(name, `has stopped, with what its job left on its disk (${cloud.instance})`, [
    'logistician sync    # starts it, brings all home, and stops it again',
    'logistician terminate    # brings all home, and ends it',
  ]);
}
