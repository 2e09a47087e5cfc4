import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine, UserError } from '../../../errors.js';
import type { Connection } from '../../../machines/connection.js';
import type { Needs } from '../../../machines/lacks.js';
import { gpusIn } from '../../../machines/slots.js';
import type { Deployment, Place } from '../../../runs/deployment.js';
import type { LiveDeployment } from '../../../runs/deployment-store.js';
import { CommandFailed } from '../../../shell/executor.js';
import { AwsCli } from '../../../tools/aws/cli.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import { startInstances, stopInstances } from '../../../tools/aws/lines.js';
import { NotThereYet } from '../../../tools/ssh/unreachable.js';
import type { TargetContext } from '../../context.js';
import { onEach } from '../../over-ssh/on-each.js';
import type { PlaceProblem } from '../../target.js';
import type { AwsAccount } from '../account.js';
import {
  type AwsMachine,
  type AwsPlace,
  addressOf,
  awsAt,
  instanceIdsOf,
  machinesOf,
  withOwn,
} from '../place.js';
import { patienceWith, untilReady } from './boot.js';
import { armEnds } from './idle.js';
import type { AwsInstances } from './instances.js';

/** A machine that could not be started or is unreachable. `isOn`: it is running, and costs money, all the same. */
export type Unstarted = PlaceProblem & { readonly isOn: boolean };

/** No requirements: a machine that has run its jobs had all they needed. */
const anything: Needs = { largeFiles: false, sha256: false, secrets: false, gpus: false };

/** Timeout for AWS to stop an instance and to start it again, in milliseconds: large ones take minutes for either. */
const patience = 900_000;

/** An instance has been changing its state for too long. */
export class StillChanging extends UserError {
  /** @param state `stopping`, `pending` … */
  constructor(name: string, { id, state }: Pick<InstanceFacts, 'id' | 'state'>) {
    super(`The machine of ${name} (${id}) has been ${state} for fifteen minutes.`, [
      ownLine('sync', [], 'checks again'),
    ]);
  }
}

/** Starts the instance of a stopped machine, with its disk. A running one is left alone.
 * @returns its facts once it runs: its address may have changed @throws CommandFailed if AWS does not start it;
 * UserError if it does not exist, or takes too long */
export async function startStopped(aws: AwsCli, { name, own }: AwsMachine): Promise<InstanceFacts> {
  const id = own.instance ?? '';
  let isAsked = false;
  for (const end = Date.now() + patience; ; await sleep(1000)) {
    const [instance] = await aws.api.instances([id]);
    if (instance?.state === 'running') return instance;
    if (!instance || instance.state === 'terminated' || instance.state === 'shutting-down')
      throw new UserError(`The machine of ${name} (${id}) is gone.`, [ownLine('deploy', ['--retry-failed'])]);
    if (instance.state === 'stopped' && !isAsked) {
      await aws.change(startInstances(own.region, [id])).catch((error: unknown) => {
        throw withoutCapacity(error, name, own, id);
      });
      isAsked = true;
    }
    if (Date.now() > end) throw new StillChanging(name, instance);
  }
}

/** Types with processors of ARM have a `g` behind their generation: `g5g`, `im4gn`. */
const arm = /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./;

/** AWS gives the capacity of a stopped machine to others. Its disk can be read by a machine of another type. */
function withoutCapacity(
  error: unknown,
  name: string,
  { region, instance_type }: AwsPlace,
  id: string,
): unknown {
  if (!(error instanceof CommandFailed) || !/Insufficient\w*Capacity/.test(error.outcome.stderr))
    return error;
  const family = arm.test(instance_type) ? 't4g' : 't3';
  const other = `${family}.${instance_type === `${family}.small` ? 'medium' : 'small'}`;
  return new UserError(
    `AWS has no ${instance_type} now to start the machine of ${name} (${id}) again, with its results on its disk.`,
    [
      ownLine('sync', [], 'later'),
      `aws --region ${region} ec2 modify-instance-attribute --instance-id ${id} --instance-type ${other}    # a small one, to collect them; then: logistician sync`,
    ],
  );
}

/** Starts machines, waits until they can run jobs, and stops them. */
export class AwsStarter {
  constructor(
    private readonly context: TargetContext,
    private readonly account: AwsAccount,
    private readonly instances: AwsInstances,
  ) {}

  /** Starts stopped machines, and waits until they are reachable.
   * @param sshCidr the addresses that may connect by SSH */
  async start(
    live: LiveDeployment,
    names: ReadonlySet<string>,
    sshCidr: string,
  ): Promise<readonly Unstarted[]> {
    const { executor, note } = this.context;
    const machines = machinesOf(live.now).filter(({ name }) => names.has(name));
    const [first] = machines;
    if (!first) return [];
    const aws = new AwsCli(executor, await this.account.openOf(first.own));
    note(`Starting ${machines.length === 1 ? 'a machine' : `${machines.length} machines`} again.`);
    if (executor.dryRun) {
      await aws.change(startInstances(aws.region, instanceIdsOf(machines)));
      return [];
    }
    const addresses = new Map<string, string | null>();
    const unstarted = await onEach(machines, nameOf, async (machine) => {
      addresses.set(machine.name, addressOf(machine.own, await startStopped(aws, machine)));
    });
    this.account.forgetInstances();
    live.write(withAddresses(live.now, addresses));
    this.instances.recordIsCurrent();
    await this.instances.places.ways.writeConfig(live.now);
    const started = machinesOf(live.now).filter(({ name }) => addresses.has(name));
    const unready = await onEach(started, nameOf, async (machine) => {
      await this.untilReady(machine, live.now.docker, sshCidr, anything);
      await this.armEnds(machine, await this.instances.places.ways.connection(machine));
    });
    return [
      ...unstarted.map((one) => ({ ...one, isOn: false })),
      ...unready.map((one) => ({ ...one, isOn: true })),
    ];
  }

  /** Stops started machines. */
  async stop(deployment: Deployment, names: ReadonlySet<string>): Promise<void> {
    const machines = machinesOf(deployment).filter(({ name }) => names.has(name));
    const [first] = machines;
    if (!first) return;
    const aws = new AwsCli(this.context.executor, await this.account.openOf(first.own));
    await aws.change(stopInstances(aws.region, instanceIdsOf(machines)));
    this.account.forgetInstances();
  }

  /** @throws NotThereYet, ChangedHostKey, Unreachable, NotReady */
  async untilReady(place: Place, docker: string, sshCidr: string, needs: Needs): Promise<void> {
    const { name } = place;
    const route = await this.instances.places.ways.routeTo(place);
    if (!route) throw new NotThereYet(name);
    const { access } = this.instances.places.ways;
    const { instance_type, ssh_address } = awsAt(place);
    const isPrivate = ssh_address === 'private';
    const gpus = needs.gpus ? gpusIn(place.slots ?? []) : 0;
    const machine = { name, route, docker, gpus, isPrivate };
    const patience = patienceWith(instance_type);
    await untilReady(this.context, access, machine, sshCidr, { ...needs, gpus: gpus > 0 }, patience);
  }

  /** Makes the machine stop when it is idle, and counts its deadline from now. */
  async armEnds(place: Place, connection: Connection): Promise<void> {
    const { executor, note } = this.context;
    if (!(await armEnds(executor, connection, awsAt(place).idle_minutes)))
      note(
        `${place.name} ends as soon as no job runs there, with what is not collected, because its user cannot become root. "aws_ami_user" may name one who can.`,
      );
  }
}

const nameOf = ({ name }: Place) => name;

/** null: AWS reports no address, and the last one is kept. */
function withAddresses(deployment: Deployment, addresses: ReadonlyMap<string, string | null>): Deployment {
  const places = deployment.places.map((place) => {
    const address = addresses.get(place.name);
    return address ? withOwn(place, { address }) : place;
  });
  return { ...deployment, places };
}
