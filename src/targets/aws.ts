import { UserError } from '../errors.js';
import type { Connection } from '../machines/connection.js';
import type { SweepScript } from '../machines/job-script.js';
import type { Needs } from '../machines/survey.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import type { Io } from '../shell/process.js';
import { signInAgain } from '../tools/aws/errors.js';
import { Unreachable } from '../tools/ssh/errors.js';
import { parseRoute, type Route, resolveRoute } from '../tools/ssh/route.js';
import { untilReady } from './aws-boot.js';
import { openApi, openApiOf } from './aws-instances.js';
import { kindOf } from './aws-kind.js';
import { RentedMachines, rented } from './aws-machines.js';
import { refuseOtherGround, sharedCloud } from './aws-plan.js';
import { type Applied, AwsStack } from './aws-stack.js';
import { machineFor } from './aws-survey.js';
import { isReached, RemoteMachines } from './remote-machines.js';
import type { Surroundings } from './surroundings.js';
import type {
  CollectedJob,
  Collecting,
  FoundMachine,
  LaunchedJob,
  MachineProblem,
  MetMachine,
  Place,
  Sweep,
  Target,
  TargetStatus,
  Wish,
} from './target.js';

/** EC2 instances, one a condition, made and ended by Terraform. Once they are there, they are machines over SSH. */
export class AwsTarget implements Target {
  readonly name = 'aws';
  readonly docker: string;
  readonly #machines: RemoteMachines;
  readonly #rented: RentedMachines;
  readonly #met = new Map<string, MetMachine>();

  constructor(private readonly world: Surroundings) {
    this.docker = world.remoteDocker;
    this.#machines = new RemoteMachines(world);
    this.#rented = new RentedMachines(world, this.#machines);
  }

  async survey(wish: Wish): Promise<{ machines: readonly FoundMachine[]; problems: readonly [] }> {
    if (wish.conditions.length + wish.undelivered.length === 0) return { machines: [], problems: [] };
    const kind = await kindOf(this.world, wish);
    const before = sharedCloud(wish.joins?.machines ?? []);
    if (before) refuseOtherGround(before, kind.cloud);
    const again = wish.undelivered.flatMap((job) => {
      const known = wish.joins?.machines.find(({ name }) => name === job.machine);
      const found = machineFor(job.condition, kind, wish.gpus);
      return [known?.cloud?.instance ? { ...found, deployed: known } : found];
    });
    return {
      machines: [...wish.conditions.map((id) => machineFor(id, kind, wish.gpus)), ...again],
      problems: [],
    };
  }

  jobFolder(machine: DeployedMachine, run: string): string {
    return this.#machines.jobFolder(machine, run);
  }

  sweepOn(machine: DeployedMachine, sweep: Sweep): SweepScript {
    return this.#machines.sweepOn(machine, sweep);
  }

  async launch(
    deployment: Deployment,
    sweep: Sweep,
    jobs: readonly LaunchedJob[],
    io: Io,
  ): Promise<readonly MachineProblem[]> {
    if (sweep.transport === 'ssh') await this.world.buildHere(sweep, io);
    const launching = new Set(jobs.map(({ machine }) => machine));
    const stack = await this.#stack(deployment);
    const needs = needsOf(sweep);
    const programs = needs.largeFiles ? ['git-lfs'] : [];
    const applied = await stack.apply(rented(deployment), launching, 'for us', programs);
    const now = await this.#record(deployment, applied, launching);
    await stack.strays.endLatecomers(rented(now)).catch((error: unknown) => this.#tell(error));
    await this.#machines.writeConfig(now);
    for (const text of applied.other) this.world.note(`Terraform: ${text}`);
    const wanted = now.machines.filter(({ name }) => launching.has(name));
    const isDelivered = (machine: DeployedMachine, connection: Connection) =>
      this.#rented.stopWhenIdle(machine, connection);
    if (this.world.executor.dryRun) return this.#machines.deliver(now, wanted, sweep, jobs, { isDelivered });
    const isReady = async (machine: DeployedMachine) => {
      if (isReached(machine)) await this.#isReady(machine, applied, needs);
    };
    const problems = await this.#machines.deliver(now, wanted.filter(isReached), sweep, jobs, {
      isReady,
      isDelivered,
    });
    const missing = wanted.filter((machine) => !isReached(machine));
    return [...missing.map(({ name }) => ({ machine: name, problem: notUp(name, applied) })), ...problems];
  }

  /** What the next deploy sees to. */
  #tell(error: unknown): void {
    if (!(error instanceof UserError)) throw error;
    this.world.note(error.message);
  }

  async preview(
    deployment: Deployment,
    launching: ReadonlySet<string>,
    replaced: ReadonlySet<string>,
  ): Promise<string> {
    return (await this.#stack(deployment)).preview(rented(deployment), launching, replaced);
  }

  met(machine: string): MetMachine | null {
    return this.#met.get(machine) ?? null;
  }

  async reopen(deployment: Deployment): Promise<boolean> {
    const machines = rented(deployment);
    if (!machines.some(({ cloud }) => cloud.instance !== null)) return false;
    const stack = await this.#stack(deployment);
    if (!(await stack.isShut(machines))) return false;
    const { other } = await stack.apply(machines, new Set());
    if (other.length > 0)
      throw new UserError(`Your address has changed, and the machines do not let you in yet: ${other[0]}`, [
        ...signInAgain(other[0] ?? ''),
        'logistician deploy    # tries again',
      ]);
    return true;
  }

  async release(
    deployment: Deployment,
    machines: readonly DeployedMachine[],
  ): Promise<readonly MachineProblem[]> {
    if (machines.length === 0) return [];
    const leaving = new Set(machines.map(({ name }) => name));
    const staying = rented(deployment).filter(({ name }) => !leaving.has(name));
    try {
      const stack = await this.#stack(deployment);
      if (staying.length === 0) await stack.destroy();
      else {
        await stack.apply(staying, new Set(), 'as it is');
        await stack.strays.endOf(leaving);
      }
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return machines.map(({ name }) => ({ machine: name, problem: error }));
    }
  }

  status(deployment: Deployment): Promise<TargetStatus> {
    return this.#rented.status(deployment);
  }

  collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    return this.#rented.collect(deployment, jobs, how);
  }

  async wake(deployment: Deployment, names: ReadonlySet<string>): Promise<readonly MachineProblem[]> {
    if (!this.world.executor.dryRun) await this.reopen(deployment);
    return this.#rented.wake(deployment, names, (await this.#stack(deployment)).sshCidr);
  }

  rest(deployment: Deployment, names: ReadonlySet<string>): Promise<void> {
    return this.#rented.rest(deployment, names);
  }

  placeOf(deployment: Deployment, job: DeployedJob): Place {
    return this.#machines.placeOf(deployment, job);
  }

  async #stack(deployment: Deployment): Promise<AwsStack> {
    const cloud = sharedCloud(deployment.machines);
    const api = await (cloud ? openApiOf(cloud) : openApi(this.world.aws.region));
    return new AwsStack(this.world, deployment, this.#machines.access, api);
  }

  /** Writes down what is there now, and how it is reached. */
  async #record(
    deployment: Deployment,
    { up, failed }: Applied,
    launching: ReadonlySet<string>,
  ): Promise<Deployment> {
    const machines = await Promise.all(
      deployment.machines.map(async (machine): Promise<DeployedMachine> => {
        const { name, cloud, released } = machine;
        const found = up.get(name);
        if (!cloud || released !== null) return machine;
        const refused = launching.has(name) && failed.get(name)?.refused ? failed.get(name) : undefined;
        if (!found) return { ...machine, cloud: { ...cloud, refused: refused?.text ?? cloud.refused } };
        const { publicAddress, privateAddress } = found;
        const address = (cloud.ssh_address === 'public' ? publicAddress : privateAddress) ?? privateAddress;
        const route = address === null ? null : await this.#route(cloud.user, address);
        return { ...machine, route, cloud: { ...cloud, instance: found.instance, refused: null } };
      }),
    );
    const now = { ...deployment, machines };
    this.world.deployments.write(now);
    return now;
  }

  /** As the user's own configuration has it for the address, with our key alone. */
  async #route(user: string, address: string): Promise<Route> {
    const { executor, env, home } = this.world;
    const config = this.#machines.access.userConfig;
    const said = await executor.read(resolveRoute(`${user}@${address}`, null, config));
    const route = parseRoute(said, { home, env, config });
    return { ...route, identityFiles: [], agent: null, identityAgent: 'none', identitiesOnly: true };
  }

  async #isReady(
    machine: DeployedMachine & { route: Route },
    { sshCidr }: Applied,
    needs: Needs,
  ): Promise<void> {
    const found = await untilReady(this.world, this.#machines.access, machine, sshCidr, needs);
    this.#met.set(machine.name, { docker: found.engine?.version ?? '' });
  }
}

const needsOf = ({ source, secrets }: Sweep): Needs => ({
  largeFiles: [source, ...source.submodules].some(({ lfs }) => lfs !== null),
  secrets: secrets.length > 0,
});

function notUp(name: string, { failed, other }: Applied): Unreachable {
  const why = failed.get(name)?.text ?? other[0] ?? 'Terraform says nothing of it';
  return new Unreachable(name, `is not there: ${why}`, [
    ...signInAgain(why),
    failed.get(name)?.refused
      ? 'logistician deploy --retry-failed    # later, or with another aws_instance_type or aws_subnet_id'
      : 'logistician deploy    # to try again',
  ]);
}
