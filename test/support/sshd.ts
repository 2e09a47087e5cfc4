import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Connection, overSsh } from '../../src/machines/connection.js';
import type { SshPool } from '../../src/tools/ssh/pool.js';
import type { Route } from '../../src/tools/ssh/route.js';
import { until } from './until.js';

/** A real OpenSSH server on this computer for the current user, with keys and files of its own in one folder. */
export class Sshd {
  readonly #server: ChildProcess;

  private constructor(
    readonly folder: string,
    readonly address: string,
    readonly port: number,
  ) {
    // Not to a pipe: a server whose output is not read stands still in the end. And without loading itself again for each
    // connection: many of them share this computer with what is measured.
    const words = ['-D', '-r', '-E', join(folder, 'log'), '-f', join(folder, 'sshd_config')];
    this.#server = spawn('/usr/sbin/sshd', words, { stdio: 'ignore' });
  }

  /** Starts one, with the `host-key` in the folder, if there is one. Its users get `home` as a home folder: what is in
   *  their own may start many programs with each shell.
   *  @param more of its sshd_config */
  static async start(
    folder: string,
    {
      address = '127.0.0.1',
      home = join(folder, 'home'),
      more = {},
    }: { readonly address?: string; readonly home?: string; readonly more?: Settings } = {},
  ): Promise<Sshd> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    mkdirSync(home, { recursive: true });
    // Where a server of root's keeps its unprivileged half.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const port = await freePort(address);
    if (!existsSync(join(folder, 'host-key'))) makeKey(join(folder, 'host-key'));
    makeKey(join(folder, 'key'));
    writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'key.pub')), { mode: 0o600 });
    const config = {
      ListenAddress: address,
      Port: port,
      HostKey: join(folder, 'host-key'),
      AuthorizedKeysFile: join(folder, 'authorized_keys'),
      PidFile: 'none',
      StrictModes: 'no',
      UsePAM: 'no',
      PasswordAuthentication: 'no',
      PermitRootLogin: 'prohibit-password',
      LogLevel: 'VERBOSE',
      // As in Debian: connections that ask for a shell or a command, nothing else.
      AllowTcpForwarding: 'no',
      // Each is a computer of its own, with slots of its own.
      SetEnv: `HOME=${home} LOGISTICIAN_SLOTS=${home}/slots`,
      // The folder that the server begins in is the one of /etc/passwd.
      ForceCommand: 'cd && exec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"',
      ...more,
    };
    writeFileSync(join(folder, 'sshd_config'), settings(config));
    const sshd = new Sshd(folder, address, port);
    await until('sshd listens', () => sshd.log.includes('Server listening'));
    return sshd;
  }

  /** What the server has written of those who came. */
  get log(): string {
    const path = join(this.folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** The server's public host key. */
  get hostKey(): string {
    return readFileSync(join(this.folder, 'host-key.pub'), 'utf8');
  }

  /** Writes an ssh_config that knows the server as `name`, by the host key that it is said to have.
   *  @returns the file's path. */
  configFor(name: string, hostKey = this.hostKey): string {
    const knownHosts = join(this.folder, `known_hosts-${name}`);
    writeFileSync(knownHosts, `[${this.address}]:${this.port} ${hostKey}`);
    const config = {
      HostName: this.address,
      Port: this.port,
      User: userInfo().username,
      IdentityFile: join(this.folder, 'key'),
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: knownHosts,
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
    };
    const path = join(this.folder, `ssh_config-${name}`);
    writeFileSync(path, sshConfig(name, config));
    return path;
  }

  /** The straight way to the server, and what it may differ in. */
  route(name: string, changes: Partial<Route> = {}): Route {
    return {
      typed: name,
      host: this.address,
      port: this.port,
      user: userInfo().username,
      identityFiles: [join(this.folder, 'key')],
      certificateFiles: [],
      agent: null,
      identitiesOnly: true,
      jump: null,
      proxyCommand: null,
      knownHosts: [],
      knownAs: name,
      config: null,
      ...changes,
    };
  }

  /** A connection to the server, which has the host key that it is said to have.
   *  @param config an ssh_config in the place of one for this machine alone */
  connection(
    name: string,
    pool: SshPool,
    hostKey = this.hostKey,
    { route = this.route(name), config = this.configFor(name, hostKey), hasTimeout = false } = {},
  ): Connection {
    const [type = '', key = ''] = hostKey.split(' ');
    const access = { name, route, hostKeys: [{ type, key }], mend: [], key: null };
    return overSsh(config, access, pool, { hasTimeout });
  }

  /** Sends a signal to the halves of the server that serve connections. */
  signalSessions(signal: NodeJS.Signals): void {
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(this.#server.pid)]).toString();
    for (const pid of children.split('\n').filter((line) => line.trim())) process.kill(Number(pid), signal);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#server.once('exit', resolve));
    this.#server.kill('SIGTERM');
    await ended;
  }
}

type Settings = Readonly<Record<string, string | number>>;

/** What an ssh_config says of a machine. */
export const sshConfig = (name: string, values: Settings): string => `Host ${name}\n${settings(values)}`;

const settings = (values: Settings) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');

/** Makes a folder for PATH whose `ssh` has `config` for its ~/.ssh/config: the real one looks for that where
 *  /etc/passwd says, not HOME. @returns the folder */
export function sshProgram(folder: string, config: string): string {
  mkdirSync(folder);
  const real = execFileSync('sh', ['-c', 'command -v ssh']).toString().trim();
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nexec ${real} -F ${config} "$@"\n`, { mode: 0o755 });
  return folder;
}

/** Makes a key pair: `path` and `path`.pub. */
export function makeKey(path: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'logistician test', '-f', path]);
}

export function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, address, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
