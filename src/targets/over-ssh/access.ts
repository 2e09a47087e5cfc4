import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { type Connection, overSsh } from '../../machines/connection.js';
import { currentUser } from '../../machines/user.js';
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
import { systemHome } from '../../tools/ssh/tokens.js';

/** The deployment's access to its machines: ssh_config, host keys, sessions. */
export class SshAccess {
  #scratch: string | undefined;
  #parsed: { readonly text: string; readonly keys: ReadonlyMap<string, HostKey[]> } | undefined;

  constructor(
    private readonly deployments: DeploymentStore,
    private readonly pool: SshPool,
    /** The user's home folder. */
    private readonly home: string,
  ) {}

  /** The user's ssh_config if ssh would not find it by itself, as it takes the home folder from the system, not from
   * HOME; null: ssh finds it. */
  get userConfig(): string | null {
    const own = join(this.home, '.ssh', 'config');
    return this.home !== systemHome() && existsSync(own) ? own : null;
  }

  /** The key that `setup` created; null: none yet. */
  get key(): string | null {
    const path = join(this.home, '.logistician', 'ssh-key');
    return existsSync(path) ? path : null;
  }

  /** The recorded host keys of a machine. */
  hostKeys(machine: string): readonly HostKey[] {
    return this.#known().get(machine) ?? [];
  }

  /** Records this host key as the only one of the machine. */
  pin(machine: string, key: HostKey): void {
    this.deployments.writeKnownHosts(knownHostsText(new Map(this.#known()).set(machine, [key])));
  }

  get knownHostsText(): string {
    return knownHostsText(this.#known());
  }

  /** Read each time: another command may create machines meanwhile. */
  #known(): ReadonlyMap<string, HostKey[]> {
    const text = this.deployments.readKnownHosts();
    if (this.#parsed?.text !== text) this.#parsed = { text, keys: parseKnownHosts(text) };
    return this.#parsed.keys;
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

  /** @param pool for sessions that are not shared with others. @param config the ssh_config for changes.
   * @param hasTimeout whether the machine is known to have a `timeout` with `-k` */
  connect(
    name: string,
    route: Route,
    { pool = this.pool, config = this.deployments.sshConfig, hasTimeout = false } = {},
  ): Connection {
    // A dry run creates no folder in the user's home.
    if (!this.deployments.readOnly) this.#makeSockets();
    const mend = [
      pasteable`ssh-keygen -R ${name} -f ${this.deployments.knownHosts}`,
      ownLine('deploy', [], 'once you know that the new key is right'),
    ];
    const access = { name, route, hostKeys: this.hostKeys(name), mend, key: this.key };
    const readConfig = () => this.#readConfig(name, route);
    return overSsh(config, access, pool, { readConfig, hasTimeout });
  }

  /** An ssh_config for reads through OpenSSH before the other is written, or in a dry run, which does not write it. */
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

  /** The folder for sockets of shared connections; its path is short, because socket paths have a limit. */
  get sockets(): string {
    const own = `logistician-ssh-${currentUser().id}`;
    const places = [join(this.home, '.logistician', 'ssh'), join(tmpdir(), own)];
    const isShort = (place: string) => Buffer.byteLength(place) <= socketFolderBytes;
    return places.find(isShort) ?? join('/tmp', own);
  }

  /** @throws UserError if the folder belongs to another user, or is open to others */
  #makeSockets(): void {
    const folder = this.sockets;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid !== currentUser().id || (mode & 0o077) !== 0)
      throw new UserError(`${folder} is for your connections, but others have access to it.`, [
        pasteable`ls -ld ${folder}`,
        pasteable`chmod 700 ${folder}`,
      ]);
  }
}

/** A folder that is deleted when this process ends. */
function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
