import { createHash } from 'node:crypto';
import type { Route } from './route.js';
import { escaped, withTyped } from './tokens.js';

/** A machine in the deployment's ssh_config. */
export interface NamedRoute {
  readonly name: string;
  /** Condition ids that are aliases of it. */
  readonly aliases: readonly string[];
  readonly route: Route;
}

export interface ConfigPlaces {
  /** Path of the configuration, part of the names of its sockets. */
  readonly config: string;
  /** The deployment's own known_hosts. */
  readonly knownHosts: string;
  /** The folder for sockets of shared connections, a path of at most `socketFolderBytes`. */
  readonly sockets: string;
  /** Configurations for jump hosts: the user's and the system's. */
  readonly includes: readonly string[];
  /** A key to try in addition to those of the user's configuration; null: none. */
  readonly key: string | null;
}

/** Timeout of a connection, in seconds. */
export const connectSeconds = 15;

/** The ssh_config with which ssh, git, rsync, editors and users reach the machines of a deployment. */
export function sshConfig(machines: readonly NamedRoute[], places: ConfigPlaces): string {
  return [
    '# Written by logistician: the machines of a deployment, by name and by condition.',
    ...machines.map((machine) => block(machine, places)),
    [
      '# For these machines and their jump hosts.',
      'Host *',
      ...indented({
        BatchMode: 'yes',
        StrictHostKeyChecking: 'yes',
        ConnectTimeout: String(connectSeconds),
        ServerAliveInterval: '5',
        ServerAliveCountMax: '3',
        ControlMaster: 'auto',
        ControlPath: quoted(`${places.sockets}/${digest(places.config).slice(0, 6)}%C`),
        ControlPersist: '60',
        ClearAllForwardings: 'yes',
        ForwardAgent: 'no',
        ForwardX11: 'no',
        PermitLocalCommand: 'no',
      }),
    ].join('\n'),
    ...places.includes.map((file) => `Match all\n  Include ${quoted(file)}`),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Whether an ssh_config of ours names that known_hosts file. */
export const namesKnownHosts = (text: string, knownHosts: string): boolean =>
  text.includes(`UserKnownHostsFile ${quoted(knownHosts)}\n`);

/** The maximum length of the folder: a socket's path (sun_path, at least 104 bytes) less a zero byte, a slash, our six
 * digits, the forty of %C, and the seventeen that ssh adds temporarily. */
export const socketFolderBytes = 104 - 1 - 1 - 6 - 40 - 17;

const digest = (...words: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(words)).digest('hex');

/** A socket for this machine and route only: another machine may have the same address, user and port behind another
 * jump host, and a connection of an old route must not be shared. */
function socketOf({ name, route }: NamedRoute, { config, sockets }: ConfigPlaces): string {
  const { host, port, user, jump, proxyCommand } = route;
  const id = digest(config, name, host, String(port), user, jump ?? '', proxyCommand ?? '');
  return `${sockets}/${id.slice(0, 20)}`;
}

function block(machine: NamedRoute, places: ConfigPlaces): string {
  const { name, aliases, route } = machine;
  const { knownHosts, key } = places;
  return [
    `Host ${[name, ...aliases].join(' ')}`,
    ...indented({
      HostName: escaped(route.host),
      User: route.user,
      Port: String(route.port),
      // Use the key that was recorded at the first contact, not that of other files.
      HostKeyAlias: name,
      UserKnownHostsFile: quoted(knownHosts),
      GlobalKnownHostsFile: 'none',
      ControlPath: quoted(socketOf(machine, places)),
      ...(route.identityAgent && { IdentityAgent: agentWord(route.identityAgent) }),
      ...(route.identitiesOnly && { IdentitiesOnly: 'yes' }),
      ...(route.jump && { ProxyJump: withTyped(route.jump, route.typed) }),
      ...(route.proxyCommand && { ProxyCommand: withTyped(route.proxyCommand, route.typed) }),
    }),
    ...[...route.identityFiles, ...(key ? [key] : [])].map((file) => `  IdentityFile ${quoted(file)}`),
    ...route.certificateFiles.map((file) => `  CertificateFile ${quoted(file)}`),
    '  RemoteCommand none',
    '  RequestTTY auto',
    '  HashKnownHosts no',
    '  UpdateHostKeys no',
  ].join('\n');
}

const indented = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).map(([name, value]) => `  ${name} ${value}`);

/** A path as a word of an ssh_config, where a percent sign begins a token. */
const quoted = (path: string) => `"${path.replaceAll(/%(?!C$)/g, '%%').replaceAll('"', '\\"')}"`;

/** A path, or one of the words that ssh replaces itself. */
const agentWord = (agent: string) => (/^\/|^~/.test(agent) ? quoted(agent) : agent);
