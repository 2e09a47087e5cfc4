import { join } from 'node:path';
import { type Call, namedInstances } from './call.js';
import { AwsError, type Ec2, type Instance } from './ec2.js';
import { CloudMachine } from './machine.js';
import type { Network } from './network.js';

const milliseconds = 500;

/** What is known of an instance that has a machine. */
interface Place {
  readonly machine: CloudMachine;
  readonly isSpot: boolean;
  isOn: boolean;
  /** How often it was switched on. */
  boots: number;
  /** Something is being done to it; looks pass it by. */
  isBusy: boolean;
  /** The number of the look during which that ended: what this look was told may be older. */
  settled: number;
}

/** Has a machine for every instance that the API says is running, and has the API know of a machine that switched
 *  itself off. */
export class Hypervisor {
  /** What went wrong, for the person who reads a failed test. */
  readonly problems: string[] = [];
  readonly #places = new Map<string, Place>();
  readonly #work = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #look: Promise<void> | null = null;
  #looks = 0;
  /** A look was requested while there was one. */
  #isDue = false;
  #isOver = false;

  constructor(
    private readonly ec2: Ec2,
    private readonly network: Network,
    private readonly image: string,
    private readonly folder: string,
    private readonly memory: number,
    private readonly instead: (userData: string, instance: Instance) => string,
  ) {}

  /** The machine of an instance. @throws Error where there is none */
  machine(id: string): CloudMachine {
    const place = this.#places.get(id);
    if (!place) throw new Error(`${id} has no machine\n${this.problems.join('\n')}`);
    return place.machine;
  }

  /** Looks at the API now and then, until it is over. */
  watch(): void {
    this.#isDue = true;
    if (this.#isOver || this.#look) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#isDue = false;
    this.#look = this.#settleAll()
      .catch((error: Error) => this.#complain(error))
      .finally(() => {
        this.#look = null;
        if (!this.#isOver) this.#timer = setTimeout(() => this.watch(), this.#isDue ? 0 : milliseconds);
      });
  }

  /** Hears of a call of the API: what it asks for need not wait for the next look, and of a reboot no look tells. */
  heed(call: Call): void {
    if (call.action === 'RebootInstances') {
      for (const id of namedInstances(call)) {
        const place = this.#places.get(id);
        if (place?.isOn) this.#begin(place, () => this.#reboot(id, place));
      }
    } else if (/^(Run|Start|Stop|Terminate)Instances$/.test(call.action)) this.watch();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#look;
    await Promise.allSettled(this.#work);
    await Promise.all([...this.#places.values()].map(({ machine }) => machine.remove()));
    this.#places.clear();
  }

  async #settleAll(): Promise<void> {
    const look = ++this.#looks;
    const live = new Map((await this.ec2.live()).map((instance) => [instance.id, instance]));
    if (this.#isOver) return;
    for (const instance of live.values()) {
      const isHere = instance.subnet === this.network.subnet && !this.#places.has(instance.id);
      if (isHere && instance.state === 'running') this.#make(instance);
    }
    for (const [id, place] of this.#places) {
      if (place.isBusy || place.settled === look) continue;
      const state = live.get(id)?.state;
      if (state === undefined) this.#begin(place, () => this.#remove(id, place));
      else if (state === 'running' && !place.isOn) this.#begin(place, () => this.#start(id, place));
      else if (state === 'stopped' && place.isOn) this.#begin(place, () => this.#stop(place));
    }
  }

  #make(instance: Instance): void {
    const machine = new CloudMachine({
      network: this.network,
      image: this.image,
      instance,
      folder: join(this.folder, instance.id),
      memory: this.memory,
    });
    const place: Place = {
      machine,
      isSpot: instance.isSpot,
      isOn: false,
      boots: 0,
      isBusy: false,
      settled: 0,
    };
    this.#places.set(instance.id, place);
    this.#begin(place, async () => {
      try {
        const userData = Buffer.from(await this.ec2.attribute(instance.id, 'userData'), 'base64').toString();
        await machine.create(this.instead(userData, instance), await this.#publicKey(instance.keyName));
        await this.#start(instance.id, place);
      } catch (error) {
        // Such as an address that the machine before has not given back yet: the next look tries again.
        await machine.remove();
        this.#places.delete(instance.id);
        throw error;
      }
    });
  }

  async #publicKey(name: string): Promise<string> {
    if (!name) return '';
    const asked = { 'KeyName.1': name, IncludePublicKey: 'true' };
    return (await this.ec2.call('DescribeKeyPairs', asked)).get('keySet/item/publicKey');
  }

  async #start(id: string, place: Place): Promise<void> {
    await place.machine.start();
    place.isOn = true;
    place.boots++;
    this.#await(id, place);
  }

  /** Sees to it that it is noticed when the machine switches itself off. */
  #await(id: string, place: Place): void {
    const { boots } = place;
    place.machine
      .ended()
      .then((how) => {
        // The process that is, or was, busy with it has switched it off, and knows.
        const isKnown = this.#isOver || place.isBusy || !place.isOn || place.boots !== boots;
        if (isKnown || how === 'power cut') return;
        this.#begin(place, () => (how === 'reboot' ? this.#start(id, place) : this.#tell(id, place)));
      })
      .catch((error: Error) => this.#complain(error));
  }

  /** Tells the API of a shutdown inside, which means there what the instance's shutdown behaviour says. A one-time spot
   *  instance cannot be stopped. */
  async #tell(id: string, place: Place): Promise<void> {
    place.isOn = false;
    const behaviour = await this.ec2.attribute(id, 'instanceInitiatedShutdownBehavior');
    const action = behaviour === 'terminate' || place.isSpot ? 'TerminateInstances' : 'StopInstances';
    await this.ec2.call(action, { 'InstanceId.1': id }).catch((error: Error) => {
      // A user has ended it while it shut down.
      if (!(error instanceof AwsError && error.code === 'IncorrectInstanceState')) throw error;
    });
  }

  async #stop(place: Place): Promise<void> {
    await place.machine.stop();
    place.isOn = false;
  }

  async #reboot(id: string, place: Place): Promise<void> {
    await this.#stop(place);
    await this.#start(id, place);
  }

  async #remove(id: string, place: Place): Promise<void> {
    if (place.isOn) await place.machine.stop().catch((error: Error) => this.#complain(error));
    await place.machine.remove();
    this.#places.delete(id);
  }

  #begin(place: Place, work: () => Promise<void>): void {
    place.isBusy = true;
    const begun = work()
      .catch((error: Error) => this.#complain(error))
      .finally(() => {
        place.isBusy = false;
        place.settled = this.#looks;
        this.#work.delete(begun);
      });
    this.#work.add(begun);
  }

  #complain(error: Error): void {
    if (!this.#isOver) this.problems.push(`${new Date().toISOString()} ${error.message}`);
  }
}
