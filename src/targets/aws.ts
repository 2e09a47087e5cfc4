import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../errors.js';
import type { SweepScript } from '../machines/job-script.js';
import type { Needs } from '../machines/survey.js';
import type { DeployedJob, DeployedMachine, Deployment } from '../runs/deployment.js';
import { renderCommand } from '../shell/command.js';
import type { Io } from '../shell/process.js';
import type { AwsApi } from '../tools/aws/api.js';
import { startInstances } from '../tools/aws/command-line.js';
import { verifyAws } from '../tools/aws/program.js';
import { Unreachable } from '../tools/ssh/errors.js';
import { parseRoute, type Route, resolveRoute } from '../tools/ssh/route.js';
import { verifyTerraform } from '../tools/terraform/terraform.js';
import { untilReady } from './aws-boot.js';
import { noteDeployment } from './aws-deployments.js';
import { instancesOf } from './aws-instances.js';
import { fateOf, isRented, type RentedMachine, refuseOtherGround, sharedCloud } from './aws-plan.js';
import { type Applied, AwsStack, publicKeyIn } from './aws-stack.js';
import { type Kind, machineFor, surveyAws } from './aws-survey.js';
import { onEach } from './on-each.js';
import { jobsThere, sweepThere } from './remote-layout.js';
import { isReached, RemoteMachines, unreleased } from './remote-machines.js';
import type { Surroundings } from './surroundings.js';
import type {
  CollectedJob,
  Collecting,
  EndedJob,
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

/** What AWS has, and for how long in milliseconds that holds: a plan is made again once it is confirmed. */
const kinds = new Map<string, { readonly at: number; readonly kind: Kind }>();
const freshness = 30_000;

/** EC2 instances, one a condition, made and ended by Terraform. Once they are there, they are machines over SSH. */
export class AwsTarget implements Target {
  readonly name = 'aws';
  readonly docker: string;
  readonly #machines: RemoteMachines;
  readonly #met = new Map<string, MetMachine>();

  constructor(private readonly world: Surroundings) {
    this.docker = world.remoteDocker;
    this.#machines = new RemoteMachines(world);
  }

  async survey(wish: Wish): Promise<{ machines: readonly FoundMachine[]; problems: readonly [] }> {
    if (wish.conditions.length + wish.undelivered.length === 0) return { machines: [], problems: [] };
    const kind = await this.#kind(wish);
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

  async #kind(wish: Wish): Promise<Kind> {
    const { aws, maxHours } = this.world;
    const question = JSON.stringify([aws, maxHours, wish.gpus]);
    const before = kinds.get(question);
    if (before && Date.now() - before.at < freshness) return before.kind;
    const asked = openApi(aws.region).then((api) => surveyAws(api, this.world, wish));
    const [kind] = await Promise.all([asked, verifyPrograms(this.world)]);
    kinds.set(question, { at: Date.now(), kind });
    return kind;
  }

  jobFolder({ root }: DeployedMachine, run: string): string {
    return `${jobsThere(root ?? '', this.world.experiment)}/${run}`;
  }

  sweepOn({ root }: DeployedMachine, sweep: Sweep): SweepScript {
    return sweepThere(root ?? '', sweep);
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
    await this.#machines.writeConfig(now);
    for (const text of applied.other) this.world.note(`Terraform: ${text}`);
    const wanted = now.machines.filter(({ name }) => launching.has(name));
    return onEach(
      wanted,
      ({ name }) => name,
      async (machine) => {
        if (isReached(machine)) await this.#isReady(machine, applied, needs);
        else if (!this.world.executor.dryRun) throw notUp(machine.name, applied);
        await this.#machines.deliver(now, machine, sweep, jobs);
      },
    );
  }

  met(machine: string): MetMachine | null {
    return this.#met.get(machine) ?? null;
  }

  async reopen(deployment: Deployment): Promise<boolean> {
    const machines = rented(deployment);
    if (!machines.some(({ cloud }) => cloud.instance !== null)) return false;
    const stack = await this.#stack(deployment);
    if (!(await stack.isShut(machines))) return false;
    await stack.apply(machines, new Set());
    return true;
  }

  async status(deployment: Deployment): Promise<TargetStatus> {
    const { executor, home, deployments } = this.world;
    // The experiment may have been moved to another folder.
    if (!executor.dryRun) noteDeployment(home, deployment.id, deployments.folder);
    const machines = rented(deployment);
    const known = await instancesOf(machines);
    const ended = new Map<string, EndedJob>();
    const problems: MachineProblem[] = [];
    const asked: DeployedMachine[] = [];
    for (const machine of machines) {
      const own = deployment.jobs.filter((job) => job.machine === machine.name);
      const instance = known?.get(machine.cloud.instance ?? '');
      const fate = known || machine.cloud.refused ? fateOf(machine, instance) : 'ask';
      if (typeof fate === 'object') for (const { run } of own) ended.set(run, fate);
      else if (fate === 'stopped' && own.length > 0)
        problems.push({ machine: machine.name, problem: stopped(machine) });
      else if (fate === 'ask' && machine.route)
        asked.push(at(machine, instance?.publicAddress, instance?.privateAddress));
    }
    await this.#writeMoved(deployment, asked);
    const told = await this.#machines.status(deployment, asked);
    return { reports: told.reports, ended, problems: [...problems, ...told.problems] };
  }

  async collect(deployment: Deployment, jobs: readonly CollectedJob[], how: Collecting) {
    const known = await instancesOf(rented(deployment));
    const there = rented(deployment).filter((machine) => {
      const fate = known ? fateOf(machine, known.get(machine.cloud.instance ?? '')) : 'ask';
      return fate === 'ask' && machine.route !== null;
    });
    return this.#machines.collect(deployment, there, jobs, how);
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
        await stack.endStrays(leaving);
      }
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return machines.map(({ name }) => ({ machine: name, problem: error }));
    }
  }

  placeOf(deployment: Deployment, job: DeployedJob): Place {
    return this.#machines.placeOf(deployment, job);
  }

  async #stack(deployment: Deployment): Promise<AwsStack> {
    const region = sharedCloud(deployment.machines)?.region ?? this.world.aws.region;
    return new AwsStack(this.world, deployment, this.#machines.access, await openApi(region));
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
    return { ...route, identityFiles: [], agent: null, identitiesOnly: true };
  }

  async #isReady(
    machine: DeployedMachine & { route: Route },
    { sshCidr }: Applied,
    needs: Needs,
  ): Promise<void> {
    if (this.world.executor.dryRun) return;
    const found = await untilReady(this.world, this.#machines.access, machine, sshCidr, needs);
    this.#met.set(machine.name, { docker: found.engine?.version ?? '' });
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
    await this.#machines.writeConfig({ ...all, machines: now });
  }
}

/** All that changes anything at AWS. @throws TerraformFailed, UserError */
async function verifyPrograms({ executor, env, home }: Surroundings): Promise<void> {
  await verifyTerraform(executor);
  verifyAws(env.PATH);
  if (!existsSync(publicKeyIn(home)))
    throw new UserError('There is no SSH key yet with which to reach machines at AWS.', [
      'logistician setup',
    ]);
}

/** The SDK is loaded when it is wanted. */
async function openApi(region: string | null): Promise<AwsApi> {
  const { AwsApi } = await import('../tools/aws/api.js');
  return AwsApi.open(region);
}

const needsOf = ({ source, secrets }: Sweep): Needs => ({
  largeFiles: [source, ...source.submodules].some(({ lfs }) => lfs !== null),
  secrets: secrets.length > 0,
});

const rented = (deployment: Deployment): RentedMachine[] => unreleased(deployment).filter(isRented);

/** The machine at the address that it has now. */
function at(
  machine: RentedMachine,
  publicAddress: string | null = null,
  privateAddress: string | null = null,
): DeployedMachine {
  const host = machine.cloud.ssh_address === 'public' ? publicAddress : privateAddress;
  return host && machine.route ? { ...machine, route: { ...machine.route, host } } : machine;
}

function notUp(name: string, { failed, other }: Applied): Unreachable {
  const why = failed.get(name)?.text ?? other[0] ?? 'Terraform says nothing of it';
  return new Unreachable(name, `is not there: ${why}`, [
    failed.get(name)?.refused
      ? 'logistician deploy --retry-failed    # later, or with another aws_instance_type or aws_subnet_id'
      : 'logistician deploy    # to try again',
  ]);
}

function stopped({ name, cloud }: RentedMachine): Unreachable {
  const { instance } = cloud;
  const start = renderCommand(startInstances(cloud.region, instance ? [instance] : []));
  return new Unreachable(name, `has been stopped; what its job left is on its disk (${instance})`, [
    `${start}    # then: logistician sync`,
    'logistician terminate --discard    # give it up',
  ]);
}
