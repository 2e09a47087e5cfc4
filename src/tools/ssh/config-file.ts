import { createHash } from 'node:crypto';
import type { Route } from './route.js';

/** A machine as the deployment's ssh_config names it. */
export interface NamedRoute {
  readonly name: string;
  /** Condition ids that lead there too. */
  readonly aliases: readonly string[];
  readonly route: Route;
}

export interface ConfigPlaces {
  /** Where the configuration is to be: it names what is its own among the sockets. */
  readonly config: string;
  /** The deployment's own known_hosts. */
  readonly knownHosts: string;
  /** Where connections that are shared have their sockets: a folder of at most `socketFolderBytes`. */
  readonly sockets: string;
  /** Configurations for what is on the way to the machines: the user's and the system's. */
  readonly includes: readonly string[];
  /** A key to try beside those of the user's configuration; null: none. */
  readonly key: string | null;
}

/** Seconds in which a machine has to answer. */
export const connectSeconds = 15;

/** The ssh_config through which ssh, git, rsync, editors and people reach the machines of a deployment. */
export function sshConfig(machines: readonly NamedRoute[], places: ConfigPlaces): string {
  return [
    '# Written by logistician: the machines of a deployment, by their names and by conditions.',
    ...machines.map((machine) => block(machine, places)),
    [
      '# For these machines, and for those on the way to them.',
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

/** What a path may have that is a socket's (sun_path, 104 bytes and more), less a zero, a slash, our six digits, the forty
 *  of %C, and the seventeen that ssh itself adds for a moment. */
export const socketFolderBytes = 104 - 1 - 1 - 6 - 40 - 17;

const digest = (...words: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(words)).digest('hex');

/** A socket of the machine's own: another one may have the same address, user and port behind another gate. And another
 *  one for another way to it, so that no connection is shared that was made on a way which is no more. */
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
      HostName: route.host,
      User: route.user,
      Port: String(route.port),
      // The key that was seen when the machine was first asked, whatever other file says.
      HostKeyAlias: name,
      UserKnownHostsFile: quoted(knownHosts),
      GlobalKnownHostsFile: 'none',
      ControlPath: quoted(socketOf(machine, places)),
      ...(route.identityAgent && { IdentityAgent: agentWord(route.identityAgent) }),
      ...(route.identitiesOnly && { IdentitiesOnly: 'yes' }),
      ...(route.jump && { ProxyJump: route.jump }),
      ...(route.proxyCommand && { ProxyCommand: route.proxyCommand }),
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

/** A path, or one of the words that ssh itself replaces when it is used. */
const agentWord = (agent: string) => (/^\/|^~/.test(agent) ? quoted(agent) : agent);
