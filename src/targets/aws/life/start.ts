import { setTimeout as sleep } from 'node:timers/promises';
import { ownLine, UserError } from '../../../errors.js';
import type { Connection } from '../../../machines/connection.js';
import type { Needs } from '../../../machines/survey.js';
import type { Deployment, Place } from '../../../runs/deployment.js';
import type { LiveDeployment } from '../../../runs/deployment-store.js';
import type { Executor } from '../../../shell/executor.js';
import type { AwsApi } from '../../../tools/aws/api.js';
import type { InstanceFacts } from '../../../tools/aws/facts.js';
import { startInstances, stopInstances } from '../../../tools/aws/lines.js';
import { NotThereYet } from '../../../tools/ssh/unreachable.js';
import type { TargetContext } from '../../context.js';
import { onEach } from '../../over-ssh/on-each.js';
import type { PlaceProblem } from '../../target.js';
import type { AwsAccount } from '../account.js';
import { type AwsMachine, addressOf, awsAt, instanceIdsOf, machinesOf, withOwn } from '../place.js';
import { untilReady } from './boot.js';
import { stopWhenIdle } from './idle.js';
import type { AwsInstances } from './instances.js';

/** A machine that could not be started, or does not answer. `isOn`: it runs, and is paid for, all the same. */
export type Unstarted = PlaceProblem & { readonly isOn: boolean };

/** A machine that has run its jobs had what they needed. */
const anything: Needs = { largeFiles: false, secrets: false };

/** How long AWS may take to stop an instance and to start it again, in milliseconds. */
const patience = 300_000;

/** AWS has not come to an end with an instance. */
export class StillChanging extends UserError {
  /** @param state `stopping`, `pending` … */
  constructor(name: string, { id, state }: Pick<InstanceFacts, 'id' | 'state'>) {
    super(`The machine of ${name} (${id}) has been ${state} for five minutes.`, [
      ownLine('sync', [], 'to look again'),
    ]);
  }
}

/** Starts the instance of a machine that has stopped, with its disk. One that runs is left alone.
 *  @returns what AWS says of it now that it runs: where it is reached may have changed
 *  @throws CommandFailed if AWS does not start it; UserError if there is none, or it takes too long */
export async function startStopped(
  executor: Executor,
  api: AwsApi,
  { name, own }: AwsMachine,
): Promise<InstanceFacts> {
  const id = own.instance ?? '';
  let isAsked = false;
  for (const end = Date.now() + patience; ; await sleep(1000)) {
    const [instance] = await api.instances([id]);
    if (instance?.state === 'running') return instance;
    if (!instance || instance.state === 'terminated' || instance.state === 'shutting-down')
      throw new UserError(`The machine of ${name} (${id}) is gone.`, [ownLine('deploy', ['--retry-failed'])]);
    if (instance.state === 'stopped' && !isAsked) {
      await executor.change(startInstances(own.region, [id]));
      isAsked = true;
    }
    if (Date.now() > end) throw new StillChanging(name, instance);
  }
}

/** Starts machines, waits until they can run jobs, and has them stop. */
export class AwsStarter {
  constructor(
    private readonly context: TargetContext,
    private readonly account: AwsAccount,
    private readonly instances: AwsInstances,
  ) {}

  /** Starts machines that have stopped, and waits until they can be asked.
   *  @param sshCidr from where they let SSH connections in */
  async start(
    live: LiveDeployment,
    names: ReadonlySet<string>,
    sshCidr: string,
  ): Promise<readonly Unstarted[]> {
    const { executor, note } = this.context;
    const machines = machinesOf(live.now).filter(({ name }) => names.has(name));
    const [first] = machines;
    if (!first) return [];
    const api = await this.account.openOf(first.own);
    note(`Starting ${machines.length === 1 ? 'a machine' : `${machines.length} machines`} again.`);
    if (executor.dryRun) {
      await executor.change(startInstances(api.region, instanceIdsOf(machines)));
      return [];
    }
    const addresses = new Map<string, string | null>();
    const unstarted = await onEach(machines, nameOf, async (machine) => {
      addresses.set(machine.name, addressOf(machine.own, await startStopped(executor, api, machine)));
    });
    this.account.forgetInstances();
    live.write(withAddresses(live.now, addresses));
    this.instances.recordIsCurrent();
    await this.instances.places.ways.writeConfig(live.now);
    const started = machinesOf(live.now).filter(({ name }) => addresses.has(name));
    const unready = await onEach(started, nameOf, async (machine) => {
      await this.untilReady(machine, live.now.docker, sshCidr, anything);
      await this.stopWhenIdle(machine, await this.instances.places.ways.connection(machine));
    });
    return [
      ...unstarted.map((one) => ({ ...one, isOn: false })),
      ...unready.map((one) => ({ ...one, isOn: true })),
    ];
  }

  /** Stops machines that were started. */
  async stop(deployment: Deployment, names: ReadonlySet<string>): Promise<void> {
    const machines = machinesOf(deployment).filter(({ name }) => names.has(name));
    const [first] = machines;
    if (first) await this.context.executor.change(stopInstances(first.own.region, instanceIdsOf(machines)));
    this.account.forgetInstances();
  }

  /** @throws NotThereYet, ChangedHostKey, Unreachable, NotReady */
  async untilReady(place: Place, docker: string, sshCidr: string, needs: Needs): Promise<void> {
    const { name } = place;
    const route = await this.instances.places.ways.routeTo(place);
    if (!route) throw new NotThereYet(name);
    await untilReady(
      this.context,
      this.instances.places.ways.access,
      { name, route, docker },
      sshCidr,
      needs,
    );
  }

  /** Has the machine stop when nothing runs on it any more. */
  async stopWhenIdle(place: Place, connection: Connection): Promise<void> {
    const { root, idle_minutes } = awsAt(place);
    if (idle_minutes === null) return;
    const { executor, templates, note } = this.context;
    if (!(await stopWhenIdle(executor, connection, templates.idle, `${root}/idle.sh`, idle_minutes)))
      note(
        `${place.name} does not stop when it is idle, as its user cannot become root there; its deadline holds.`,
      );
  }
}

const nameOf = ({ name }: Place) => name;

/** null: AWS says nothing of an address, and the last one is kept. */
function withAddresses(deployment: Deployment, addresses: ReadonlyMap<string, string | null>): Deployment {
  const places = deployment.places.map((place) => {
    const address = addresses.get(place.name);
    return address ? withOwn(place, { address }) : place;
  });
  return { ...deployment, places };
}
