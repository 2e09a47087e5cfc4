import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, execIn } from '../docker.js';
import { diskFlags, machineFlags } from '../machine-image.js';
import { ControlGroup } from './control-group.js';

import type { Instance } from './ec2.js';
import type { Network } from './network.js';

/** What a machine is made with. */
export interface MachinePlan {
  readonly network: Network;
  readonly image: string;
  readonly instance: Instance;
  /** On this computer, for as long as the machine is there. */
  readonly folder: string;
  /** In MiB. */
  readonly memory: number;
}

/** How a machine was switched off. */
export type Ending = 'shutdown' | 'reboot' | 'power cut';

/** The computer that an instance is: a container with systemd, cloud-init, sshd and a Docker Engine, at the
 *  instance's private address. */
export class CloudMachine {
  readonly group: ControlGroup;
  readonly #container: string;

  constructor(private readonly plan: MachinePlan) {
    const name = plan.network.name;
    this.#container = `${name}-${plan.instance.id}`;
    this.group = new ControlGroup(`/${name}/${plan.instance.id}`);
  }

  get address(): string {
    return this.plan.instance.address;
  }

  /** @param publicKey of its key pair; empty if it has none */
  async create(userData: string, publicKey: string): Promise<void> {
    const { network, image, instance, folder, memory } = this.plan;
    const name = `ip-${instance.address.replaceAll('.', '-')}`;
    mkdirSync(join(folder, 'seed'), { recursive: true, mode: 0o700 });
    const write = (file: string, text: string, mode = 0o600) =>
      writeFileSync(join(folder, file), text, { mode });
    write('seed/user-data', userData);
    const keys = publicKey ? [publicKey] : [];
    const metadata = { 'instance-id': instance.id, 'local-hostname': name, 'public-keys': keys };
    write('seed/meta-data', JSON.stringify(metadata));
    // Nothing answers there: a query for a name, in a container too, fails at once.
    write('resolv.conf', `nameserver ${instance.address}\n`, 0o644);
    // With systemd at hand an engine would have it keep the groups, and nothing could.
    const driver = ['native.cgroupdriver=cgroupfs'];
    write('daemon.json', JSON.stringify({ 'cgroup-parent': `${this.group.path}/jobs`, 'exec-opts': driver }));
    const label = `logistician.test=${network.name}`;
    await docker(
      ...['create', '--name', this.#container, '--hostname', name, '--label', label],
      ...['--network', network.name, '--ip', instance.address],
      ...machineFlags,
      ...['--tmpfs', '/run/lock', ...(await this.group.create(memory))],
      ...diskFlags(image, label),
      ...['--volume', `${join(folder, 'seed')}:/var/lib/cloud/seed/nocloud:ro`],
      ...['--volume', `${join(folder, 'resolv.conf')}:/etc/resolv.conf:ro`],
      ...['--volume', `${join(folder, 'daemon.json')}:/etc/docker/daemon.json:ro`],
      image,
    );
  }

  async start(): Promise<void> {
    await docker('start', this.#container);
  }

  /** Waits until it is off. */
  async ended(): Promise<Ending> {
    const code = await docker('wait', this.#container);
    if (code === '129') return 'reboot';
    return code === '137' ? 'power cut' : 'shutdown';
  }

  /** Shuts it down from outside, as the API does. */
  async stop(): Promise<void> {
    await docker('stop', '--time', '30', this.#container);
  }

  async remove(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.#container).catch(() => {});
    await this.group.remove();
    rmSync(this.plan.folder, { recursive: true, force: true });
  }

  /** Runs a line of shell as root, on any network. @returns what it prints */
  async exec(line: string, input?: string): Promise<string> {
    return (await execIn(this.#container, line, input)).trim();
  }

  /** Paths of all files there that have the text in them, those in memory among them. */
  async findText(text: string): Promise<string[]> {
    const inMemory = `grep -rlF ${JSON.stringify(text)} /dev/shm /run --exclude=wanted || :`;
    const found = `${await this.exec('/machine/find-text.sh', text)}${await this.exec(inMemory)}`;
    return found.split('\n').filter(Boolean);
  }

  /** What it wrote of its boots, cloud-init's lines among them. */
  async log(): Promise<string> {
    return this.exec('cat /var/log/cloud-init-output.log; journalctl --no-pager --quiet');
  }

  /** Takes the power away, and AWS does not notice: in the API it is running, and it answers nothing. */
  async cutPower(): Promise<void> {
    await docker('kill', this.#container);
  }

  /** Packets go nowhere, either way: who is connected, or tries to be, waits. */
  async cutLink(): Promise<void> {
    await this.restoreLink();
    await this.exec(`iptables -w -t mangle -A PREROUTING -i eth0 -j DROP
      iptables -w -t mangle -A POSTROUTING -o eth0 -j DROP`);
  }

  async restoreLink(): Promise<void> {
    await this.exec('iptables -w -t mangle -F PREROUTING; iptables -w -t mangle -F POSTROUTING');
  }
}
