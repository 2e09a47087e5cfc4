import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker, execIn, run } from './docker.js';
import { diskFlags, machineFlags, machineImage } from './machine-image.js';
import { scratchFolder } from './repository.js';
import { SmallDisk } from './small-disk.js';
import { makeKey, sshConfig, sshProgram } from './sshd.js';

/** What a machine may differ in from one that has everything. */
export interface MachineOptions {
  /** Programs that are not installed. Without docker there is no engine either. */
  readonly without?: readonly ('docker' | 'git' | 'git-lfs' | 'rsync')[];
  /** The user's login shell; bash if left out. */
  readonly shell?: 'bash' | 'sh' | 'fish';
  /** What the user's ~/.bashrc prints, also where no person is at a terminal. */
  readonly banner?: string;
  /** Whether the user may use Docker; true if left out. */
  readonly dockerGroup?: boolean;
  /** The home folder is on a disk of its own of so many MiB. */
  readonly homeSize?: number;
}

/** Lab machines with a network of their own, and the keys with which to reach them. All that Docker has of them is
 *  labelled: what a killed test left behind goes with
 *  `docker rm -fv $(docker ps -aqf label=logistician.test)`, and the like for networks and volumes. */
export class Fleet {
  readonly name = `logistician-test-${randomBytes(4).toString('hex')}`;
  readonly folder = scratchFolder();
  /** The key that every machine lets in. */
  readonly key = join(this.folder, 'key');
  /** A file in the form of ~/.ssh/config that has every machine by its name. */
  readonly sshConfig = join(this.folder, 'ssh_config');
  readonly knownHosts = join(this.folder, 'known_hosts');
  /** A folder for PATH with an `ssh` that has that file for ~/.ssh/config. */
  readonly bin = sshProgram(join(this.folder, 'bin'), this.sshConfig);
  readonly machines: LabMachine[] = [];
  readonly #label = ['--label', `logistician.test=${this.name}`];
  readonly #image: string;
  readonly #subnet: string;

  private constructor(images: readonly string[]) {
    this.#image = machineImage(images);
    makeKey(this.key);
    this.#subnet = this.#makeNetwork();
  }

  /** Starts machines with these names, all at once.
   *  @param images that their engines have beside the base image, with all that they were built on */
  static async start(
    machines: Readonly<Record<string, MachineOptions>>,
    images: readonly string[] = [],
  ): Promise<Fleet> {
    const fleet = new Fleet(images);
    const starts = Object.entries(machines).map(([name, options]) => fleet.add(name, options));
    const failed = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected');
    if (failed) {
      await fleet.remove();
      throw failed.reason;
    }
    return fleet;
  }

  /** Starts one more. */
  async add(name: string, options: MachineOptions = {}): Promise<LabMachine> {
    const address = `${this.#subnet}.${this.machines.length + 2}`;
    const folder = join(this.folder, `machine-${name}`);
    const machine = new LabMachine(this.name, name, address, folder, options);
    this.machines.push(machine);
    execFileSync('cp', [`${this.key}.pub`, join(machine.folder, 'authorized_keys')]);
    this.#writeConfig();
    const disk = diskFlags(this.#image, `logistician.test=${this.name}`);
    await machine.create([...this.#label, ...disk, ...machineFlags], this.#image);
    return machine;
  }

  /** The machine of that name. */
  get(name: string): LabMachine {
    const found = this.machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`no machine ${name}`);
    return found;
  }

  /** Leaves nothing, in any state. */
  async remove(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.remove()));
    await docker('network', 'rm', this.name);
    const groups = ['-depth', '-type', 'd', '-path', `*/${this.name}*`];
    // Those of others come and go while it looks, which it takes for a failure.
    await run('find', ['/sys/fs/cgroup', ...groups, '-exec', 'rmdir', '{}', '+']).catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeConfig(): void {
    const line = ({ address, hostKey }: LabMachine) => `${address} ${hostKey}`;
    writeFileSync(this.knownHosts, this.machines.map(line).join(''));
    const config = this.machines.map(({ name, address, user }) =>
      sshConfig(name, {
        HostName: address,
        User: user,
        IdentityFile: this.key,
        IdentitiesOnly: 'yes',
        UserKnownHostsFile: this.knownHosts,
      }),
    );
    writeFileSync(this.sshConfig, config.join('\n'), { mode: 0o600 });
  }

  /** @returns the first three numbers of its addresses. Docker refuses those that this computer uses already. */
  #makeNetwork(): string {
    for (let tries = 1; ; tries++) {
      const subnet = `10.${randomInt(64, 192)}.${randomInt(256)}`;
      const network = ['--subnet', `${subnet}.0/24`, ...this.#label, this.name];
      try {
        execFileSync('docker', ['network', 'create', ...network], { stdio: 'pipe' });
        return subnet;
      } catch (error) {
        if (tries === 5) throw error;
      }
    }
  }
}

/** A computer of a lab, as far as one can tell over SSH: it has an sshd, a Docker Engine and a disk of its own, a
 *  user without rights, and bad days. It is a container that may do what such an engine needs. */
export class LabMachine {
  readonly user = 'ada';
  readonly home = '/home/ada';
  readonly #container: string;
  readonly #homeDisk: SmallDisk | null;

  constructor(
    private readonly fleet: string,
    readonly name: string,
    readonly address: string,
    /** On this computer: the keys that it is made with. */
    readonly folder: string,
    private readonly options: MachineOptions,
  ) {
    this.#container = `${fleet}-${name}`;
    mkdirSync(folder);
    writeFileSync(join(folder, 'fleet'), fleet);
    this.#homeDisk = options.homeSize === undefined ? null : new SmallDisk(options.homeSize);
    makeKey(join(folder, 'host-key'));
  }

  /** The public host key with which it answers. */
  get hostKey(): string {
    return readFileSync(join(this.folder, 'host-key.pub'), 'utf8');
  }

  /** Makes it and switches it on for the first time. */
  async create(flags: readonly string[], image: string): Promise<void> {
    await docker(
      ...['create', '--name', this.#container, '--hostname', this.name],
      ...['--network', this.fleet, '--ip', this.address, ...flags],
      ...['--volume', `${this.folder}:/machine/keys:ro`],
      ...(this.#homeDisk ? ['--volume', `${this.#homeDisk.root}:${this.home}`] : []),
      image,
    );
    await docker('start', this.#container);
    const { without = [], shell = 'bash', banner, dockerGroup = true } = this.options;
    await this.exec(`
      ${this.#homeDisk ? `cp -rT /etc/skel ${this.home}; chown -R ada: ${this.home}; chmod 700 ${this.home}` : ''}
      install -d -o ada -g ada -m 700 ~ada/.ssh
      install -o ada -g ada -m 600 /machine/keys/authorized_keys ~ada/.ssh/
      usermod --shell "$(command -v ${shell})" ada
      ${dockerGroup ? '' : 'gpasswd --delete ada docker'}
    `);
    if (banner !== undefined)
      await this.exec(
        'cat - ~ada/.bashrc >/tmp/rc; cat /tmp/rc >~ada/.bashrc',
        `cat <<'END'\n${banner}\nEND\n`,
      );
    await this.#isUp();
    if (without.includes('docker')) await this.withoutDocker();
    for (const program of without) await this.exec(`rm "$(command -v ${program})"`);
  }

  /** Runs a line of shell as root, on any network. @returns what it prints */
  async exec(line: string, input?: string | Uint8Array): Promise<string> {
    return execIn(this.#container, line, input);
  }

  /** Paths that `find` matches with a pattern, in which * stands for slashes too, and all that is below them. */
  async files(pattern: string): Promise<string[]> {
    const start = pattern.replace(/[^/]*[*?[].*$/s, '') || '/';
    const found = await this.exec(
      `
      IFS= read -r start; IFS= read -r pattern
      [ ! -e "$start" ] || find "$start" -path "$pattern" -o -path "$pattern/*"`,
      `${start}\n${pattern}\n`,
    );
    return lines(found).sort();
  }

  /** Every file of the machine, those of its engine and containers included, that has these bytes in it or in its
   *  name. What is in memory only, /run and /dev/shm, is left out. */
  async findText(wanted: string | Uint8Array): Promise<string[]> {
    return lines(await this.exec('/machine/find-text.sh', wanted)).sort();
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

  /** Takes the power away: no process has a moment to put anything in order. */
  async stop(): Promise<void> {
    await docker('kill', this.#container);
  }

  /** Gives it power again: the same disk, another boot. */
  async boot(): Promise<void> {
    await docker('start', this.#container);
    await this.#isUp();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.boot();
  }

  /** It stands still, and so answers nothing. */
  async pause(): Promise<void> {
    await docker('pause', this.#container);
  }

  async unpause(): Promise<void> {
    await docker('unpause', this.#container);
  }

  /** Ends every session at once; new ones can be opened. */
  async killSshd(): Promise<void> {
    // The dead hold the port for a moment yet, and it goes into the background before it listens.
    await this.exec(`while pkill -KILL -x sshd; do sleep 0.02; done; /usr/sbin/sshd
      until (: >/dev/tcp/127.0.0.1/22) 2>/dev/null; do sleep 0.02; done`);
  }

  /** Another machine answers at its address from now on. */
  async replaceHostKey(): Promise<void> {
    for (const half of ['host-key', 'host-key.pub']) rmSync(join(this.folder, half));
    makeKey(join(this.folder, 'host-key'));
    await this.exec('install -m 600 /machine/keys/host-key /etc/ssh/ssh_host_ed25519_key');
    await this.killSshd();
  }

  /** Kills the engine, and keeps it from coming back. */
  async withoutDocker(): Promise<void> {
    await this.exec('touch /machine/no-engine; while pkill -KILL -x dockerd; do sleep 0.1; done');
  }

  async withDocker(): Promise<void> {
    await this.exec('rm -f /machine/no-engine');
    await this.#isUp();
  }

  /** Leaves so many bytes free on the home folder's disk. */
  fillDisk(leaving = 0): void {
    this.#ownDisk.fill(leaving);
  }

  freeDisk(): void {
    this.#ownDisk.free();
  }

  get #ownDisk(): SmallDisk {
    if (!this.#homeDisk) throw new Error(`${this.name} was started without homeSize`);
    return this.#homeDisk;
  }

  async #isUp(): Promise<void> {
    await this.exec(`
      until [ -e /run/sshd.pid ] && { [ -e /machine/no-engine ] || docker version; } >/dev/null 2>&1; do
        [ "$SECONDS" -lt 480 ] || { tail -n 40 /var/log/dockerd.log >&2; exit 1; }
        sleep 0.1
      done`);
  }

  async remove(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.#container);
    this.#homeDisk?.remove();
  }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
