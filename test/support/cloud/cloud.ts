import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { docker } from '../docker.js';
import { scratchFolder } from '../repository.js';
import { Api } from './api.js';
import { type Call, neededActions } from './call.js';
import { ControlGroup } from './control-group.js';
import type { Ec2, Instance } from './ec2.js';
import type { Fault, FaultRule } from './faults.js';
import { Hypervisor } from './hypervisor.js';
import { Policy } from './iam.js';
import type { CloudMachine } from './machine.js';
import { cloudMachineImage } from './machine-image.js';
import { MetadataServer } from './metadata-server.js';
import { makeNetwork, type Network } from './network.js';
import { terraformConfig } from './terraform.js';
import type { Xml } from './xml.js';

export interface CloudOptions {
  /** How many instances may be there at a time, each a machine; a launch beyond is refused for want of quota. Without
   *  it there is the API alone: instances without number, and nothing behind them. */
  readonly machines?: number;
  /** Images that the machines' engines have beside the base image, with all that they were built on. No packet leaves a
   *  machine: what does not exist there must be in them. */
  readonly images?: readonly string[];
  /** MiB that a machine may use, containers and page cache included; 1024 if left out. */
  readonly memory?: number;
  readonly region?: string;
  /** What a machine goes by in place of its user data, such as one that is an impostor. */
  readonly instead?: (userData: string, instance: Instance) => string;
}

/** AWS for tests, on this computer and without an account. It is served by the test's own process: a test that starts a
 *  program that talks to it must not wait for that synchronously. All that Docker has of it is labelled as lab machines
 *  are. */
export class Cloud {
  readonly folder = scratchFolder();
  readonly #terraformConfig = terraformConfig(this.folder);
  #hypervisor: Hypervisor | null = null;
  #metadata: MetadataServer | null = null;

  private constructor(
    readonly name: string,
    readonly region: string,
    private readonly api: Api,
    readonly network: Network,
    private readonly images: ReadonlyMap<string, string>,
  ) {}

  static async start({
    machines = 0,
    images = [],
    memory = 1024,
    region = 'us-east-1',
    instead = (userData) => userData,
  }: CloudOptions = {}): Promise<Cloud> {
    const image = machines > 0 ? cloudMachineImage(images) : null;
    const name = `logistician-test-${randomBytes(4).toString('hex')}`;
    const api = await Api.start(region);
    let cloud: Cloud | null = null;
    try {
      const known = await api.ec2.list('DescribeImages', 'imagesSet/item');
      const ids = new Map(known.map((found) => [found.get('name'), found.get('imageId')]));
      const network = await makeNetwork(name, api.ec2, machines > 0);
      cloud = new Cloud(name, region, api, network, ids);
      if (image) await cloud.#bringUp(image, machines, memory, instead);
      return cloud;
    } catch (error) {
      if (cloud) await cloud.remove();
      else {
        await api.stop();
        if (image) await docker('network', 'rm', name).catch(() => {});
      }
      throw error;
    }
  }

  async #bringUp(
    image: string,
    machines: number,
    memory: number,
    instead: Required<CloudOptions>['instead'],
  ): Promise<void> {
    const folder = join(this.folder, 'machines');
    mkdirSync(folder, { mode: 0o700 });
    const hypervisor = new Hypervisor(this.api.ec2, this.network, image, folder, memory, instead);
    this.#hypervisor = hypervisor;
    this.api.limit = machines;
    this.api.onDone = (call) => hypervisor.heed(call);
    hypervisor.watch();
    this.#metadata = await MetadataServer.start(this.api.ec2, this.network.gateway);
  }

  get url(): string {
    return this.api.url;
  }

  /** What a program needs in its environment to take this for AWS. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: this.region,
      AWS_DEFAULT_REGION: this.region,
      // Nothing of the user who runs the tests.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      NO_PROXY: '127.0.0.1',
      CHECKPOINT_DISABLE: '1',
      // Terraform starts its provider again and again, and a sixth of that was tidying up memory, side by side.
      GOGC: 'off',
      GOMEMLIMIT: '600MiB',
      GOMAXPROCS: '1',
      TF_CLI_CONFIG_FILE: this.#terraformConfig,
    };
  }

  /** The subnet that machines are in. An instance in another has none. */
  get subnet(): string {
    return this.network.subnet;
  }

  /** Where a machine asks what AWS tells its instance, instead of the link-local address. */
  get metadataUrl(): string {
    if (!this.#metadata) throw new Error('this cloud has no machines');
    return this.#metadata.url;
  }

  /** The newest image of a kind, as one finds it by its name. */
  image(kind: 'gpu' | 'ubuntu', architecture: 'x86_64' | 'arm64' = 'x86_64'): string {
    const isArm = architecture === 'arm64';
    const beginning =
      kind === 'gpu'
        ? `Deep Learning ${isArm ? 'ARM64 ' : ''}Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) `
        : `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${isArm ? 'arm64' : 'amd64'}-server-`;
    const newest = [...this.images.keys()]
      .filter((name) => name.startsWith(beginning))
      .sort()
      .at(-1);
    return this.images.get(newest ?? '') ?? '';
  }

  /** The API as a user at the console has it: past all rules, and on no record. */
  get ec2(): Ec2 {
    return this.api.ec2;
  }

  /** The calls that came so far. */
  get calls(): readonly Call[] {
    return this.api.calls;
  }

  /** Every action that IAM must have allowed for the calls so far, such as `ec2:RunInstances`, in the order of names. */
  get actions(): string[] {
    return [...new Set(this.calls.flatMap(neededActions))].sort();
  }

  /** Lets calls fail from now on. */
  fault(rule: FaultRule): Fault {
    return this.api.fault(rule);
  }

  /** The account to which the credentials with an access key belong, in place of moto's. */
  setAccount(key: string, account: string): void {
    this.api.accounts.set(key, account);
  }

  /** So many vCPUs may run at a time of the types of a quota, by its code. That is said alone, and not enforced. */
  setQuota(code: string, cpus: number): void {
    this.api.quotas.set(code, cpus);
  }

  /** So many instances may exist at a time from now on; null: any number. */
  setLimit(instances: number | null): void {
    this.api.limit = instances;
  }

  /** Calls that were only to be checked so far. */
  get dryRuns(): readonly Call[] {
    return this.api.dryRuns;
  }

  /** What users may do from now on: a policy's text, in place of stacks/policy.json. */
  setPolicy(text: string): void {
    this.api.policy = new Policy(text);
  }

  /** All is well again. */
  endFaults(): void {
    this.api.endFaults();
  }

  /** AWS is gone: connections break off, and nothing answers at its address. */
  goDown(): void {
    this.api.goDown();
  }

  comeBack(): Promise<void> {
    return this.api.comeBack();
  }

  /** The machine that an instance is. @throws Error where there is none */
  machine(instance: string): CloudMachine {
    if (!this.#hypervisor) throw new Error('this cloud has no machines');
    return this.#hypervisor.machine(instance);
  }

  /** What went wrong with machines, for who reads a failed test. */
  get problems(): readonly string[] {
    return this.#hypervisor?.problems ?? [];
  }

  /** AWS wants a spot instance back: it is told, and ended so many seconds later. */
  async interrupt(instance: string, seconds = 120): Promise<void> {
    const time = new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
    this.#metadata?.announce(instance, { action: 'terminate', time });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await this.ec2.call('TerminateInstances', { 'InstanceId.1': instance });
  }

  /** All that is still there and would cost or give access: a kind and an id each, such as `instance i-0123`. */
  async listAll(): Promise<string[]> {
    const ids = async (kind: string, action: string, path: string, id: string, counts = (_: Xml) => true) =>
      (await this.ec2.list(action, path)).filter(counts).map((item) => `${kind} ${item.get(id)}`);
    const all = await Promise.all([
      ids(
        'instance',
        'DescribeInstances',
        'reservationSet/item/instancesSet/item',
        'instanceId',
        (item) => item.get('instanceState/name') !== 'terminated',
      ),
      ids('key pair', 'DescribeKeyPairs', 'keySet/item', 'keyName'),
      ids(
        'security group',
        'DescribeSecurityGroups',
        'securityGroupInfo/item',
        'groupId',
        // Each VPC has one of that name, which cannot be deleted.
        (item) => item.get('groupName') !== 'default',
      ),
      ids('volume', 'DescribeVolumes', 'volumeSet/item', 'volumeId'),
      ids('network interface', 'DescribeNetworkInterfaces', 'networkInterfaceSet/item', 'networkInterfaceId'),
      ids(
        'spot request',
        'DescribeSpotInstanceRequests',
        'spotInstanceRequestSet/item',
        'spotInstanceRequestId',
        (item) => ['open', 'active'].includes(item.get('state')),
      ),
    ]);
    return all.flat().sort();
  }

  /** Leaves nothing, in any state. */
  async remove(): Promise<void> {
    await this.#hypervisor?.stop();
    await this.#metadata?.stop();
    await this.api.stop();
    if (this.#hypervisor) {
      await docker('network', 'rm', this.name);
      await new ControlGroup(`/${this.name}`).remove();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
