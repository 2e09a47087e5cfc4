import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { type Connection, overSsh } from '../../machines/connection.js';
import type { DeploymentStore } from '../../runs/deployment-store.js';
import { pasteable } from '../../shell/word.js';
import {
  type ConfigPlaces,
  type NamedRoute,
  socketFolderBytes,
  sshConfig,
} from '../../tools/ssh/config-file.js';
import { type HostKey, knownHostsText, parseKnownHosts } from '../../tools/ssh/known-hosts.js';
import type { SshPool } from '../../tools/ssh/pool.js';
import type { Route } from '../../tools/ssh/route.js';

/** The deployment's way to its machines: ssh_config, host keys, sessions. */
export class SshAccess {
  #scratch: string | undefined;

  constructor(
    private readonly deployments: DeploymentStore,
    private readonly pool: SshPool,
    /** The user's home folder. */
    private readonly home: string,
  ) {}

  /** The configuration that the user has instead of the one which ssh finds by itself; null: that one.
   *  ssh asks the system where home is, whatever HOME says. */
  get userConfig(): string | null {
    const own = join(this.home, '.ssh', 'config');
    return this.home !== systemHome() && existsSync(own) ? own : null;
  }

  /** The key that `setup` made; null: none yet. */
  get key(): string | null {
    const path = join(this.home, '.logistician', 'ssh-key');
    return existsSync(path) ? path : null;
  }

  /** Host keys that the deployment knows a machine by. */
  hostKeys(machine: string): readonly HostKey[] {
    return this.#known().get(machine) ?? [];
  }

  /** From now on the machine has this host key and no other. */
  pin(machine: string, key: HostKey): void {
    this.deployments.writeKnownHosts(knownHostsText(this.#known().set(machine, [key])));
  }

  get knownHostsText(): string {
    return knownHostsText(this.#known());
  }

  /** Read each time: another command may create machines while this one follows them. */
  #known(): Map<string, HostKey[]> {
    return parseKnownHosts(this.deployments.readKnownHosts());
  }

  /** The text of ssh_config. */
  configFor(
    machines: readonly NamedRoute[],
    { knownHosts = this.deployments.knownHosts, sockets = this.sockets } = {},
  ): string {
    const places: ConfigPlaces = {
      config: this.deployments.sshConfig,
      knownHosts,
      sockets,
      includes: [this.userConfig ?? join(systemHome(), '.ssh', 'config'), '/etc/ssh/ssh_config'],
      key: this.key,
    };
    return sshConfig(machines, places);
  }

  /** @param pool for sessions that are not shared with others */
  connect(name: string, route: Route, pool = this.pool): Connection {
    // A dry run makes no folder of the user's.
    if (!this.deployments.readOnly) this.#makeSockets();
    const mend = [
      pasteable`ssh-keygen -R ${name} -f ${this.deployments.knownHosts}`,
      ownLine('deploy', [], 'once you know that the new key is right'),
    ];
    const access = { name, route, hostKeys: this.hostKeys(name), mend, key: this.key };
    return overSsh(this.deployments.sshConfig, access, pool, () => this.#readConfig(name, route));
  }

  /** For what reads by ssh itself before ssh_config is written, or where a dry run does not write it. */
  #readConfig(name: string, route: Route): string {
    this.#scratch ??= scratchFolder();
    const [config, knownHosts] = [
      join(this.#scratch, `config-${name}`),
      join(this.#scratch, `hosts-${name}`),
    ];
    writeFileSync(knownHosts, this.knownHostsText, { mode: 0o600 });
    const sockets = this.deployments.readOnly ? this.#scratch : this.sockets;
    const text = this.configFor([{ name, aliases: [], route }], { knownHosts, sockets });
    writeFileSync(config, text, { mode: 0o600 });
    return config;
  }

  /** A folder for the sockets of shared connections: a path that leaves them room. */
  get sockets(): string {
    const own = `logistician-ssh-${userInfo().uid}`;
    const places = [join(this.home, '.logistician', 'ssh'), join(tmpdir(), own)];
    const isShort = (place: string) => Buffer.byteLength(place) <= socketFolderBytes;
    return places.find(isShort) ?? join('/tmp', own);
  }

  /** @throws UserError if the folder is somebody else's, or open to others */
  #makeSockets(): void {
    const folder = this.sockets;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid !== userInfo().uid || (mode & 0o077) !== 0)
      throw new UserError(`${folder} is for connections of yours, and open to others.`, [
        pasteable`ls -ld ${folder}`,
        pasteable`chmod 700 ${folder}`,
      ]);
  }
}

const systemHome = (): string => {
  try {
    return userInfo().homedir;
  } catch {
    return '';
  }
};

/** A folder that goes with this process. */
function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
